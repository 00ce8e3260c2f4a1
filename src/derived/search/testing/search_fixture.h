// A small vault in memory with its search. Contents are "read" by a reader of plain text, so that no process is needed.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "derived/search/search_index.h"
#include "derived/search/testing/simple_reader.h"
#include "vault/testing/test_vault.h"

namespace atl::search::testing {

class SearchFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(vault::testing::create_small(machine_.machine()));
    open_vault();
    ASSERT_TRUE(vault::Objects(*vault_).ensure_bucket("box"));
    open();
  }
  void open_vault() {
    auto opened = vault::testing::open_small(machine_.machine());
    ASSERT_TRUE(opened) << opened.error().message;
    vault_ = std::move(*opened);
  }
  void open() {
    index_.reset();
    auto opened = SearchIndex::open(*vault_, simple_reader(&reads_), true);
    ASSERT_TRUE(opened) << opened.error().message;
    index_ = std::move(*opened);
  }
  void put(const std::string& key, std::string_view text, const vault::PutRequest& request = {}) {
    const auto done = vault::testing::put_bytes(*vault_, "box", key, as_bytes(text), request);
    ASSERT_TRUE(done) << done.error().message;
  }
  catalog::Listed current(const std::string& key) {
    const auto found = vault::Objects(*vault_).find("box", key);
    EXPECT_TRUE(found) << found.error().message;
    return {found->entry, found->version};
  }
  bool catch_up(const CatchUpOptions& options = {}) {
    const auto more = index_->catch_up(*vault_, options);
    EXPECT_TRUE(more) << more.error().message;
    return more && *more;
  }
  Answer ask(const Question& question) {
    auto answer = index_->ask(*vault_, question);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? std::move(*answer) : Answer{};
  }
  std::vector<std::string> keys(const std::string& words, const std::string& filter = "") {
    Question question;
    question.words = words;
    question.filter = filter;
    std::vector<std::string> out;
    for (const auto& found : ask(question).found) {
      out.push_back(found.listed.entry.key + (found.inside.empty() ? "" : "!/" + found.inside));
    }
    return out;
  }
  using Keys = std::vector<std::string>;

  platform::TestMachine machine_;
  std::unique_ptr<vault::Vault> vault_;
  int reads_ = 0;
  std::unique_ptr<SearchIndex> index_;
};

}  // namespace atl::search::testing
