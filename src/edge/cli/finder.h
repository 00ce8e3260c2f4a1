// The index by which things of a vault are found, for a command: the server's, where the command runs in one, else one
// of the command's own, brought to where the vault is.
// Thread rules: one thread's, like the command.
#pragma once

#include <memory>

#include "derived/search/search_index.h"
#include "edge/cli/session.h"

namespace atl::cli {

class Finder {
 public:
  // Borrows both.
  Finder(Session& session, vault::Vault& vault) : session_(&session), vault_(&vault) {}

  // Errors: "search.not_open".
  [[nodiscard]] Result<void> open();
  [[nodiscard]] search::SearchIndex& index() const { return *index_; }
  [[nodiscard]] bool is_of_server() const { return own_ == nullptr; }

  // How long texts may take that another program embeds: words are there without them. With `everything` scans and
  // pictures are searched for text, too.
  enum class Embeds : std::uint8_t { a_little, everything };
  // `at_pictures`: those that nobody looked at yet are looked at first, so that what looks alike is found.
  enum class Looks : std::uint8_t { at_texts, at_pictures };
  // Brings it to where the vault is, or waits a little until the server has; Ctrl-C ends the reading, not the command.
  [[nodiscard]] Result<void> catch_up(Embeds embeds, Looks looks = Looks::at_texts);

 private:
  [[nodiscard]] Result<void> wait_for_server(Looks looks);
  [[nodiscard]] Result<void> read_contents(Embeds embeds, Looks looks);
  [[nodiscard]] Result<void> embed(Embeds embeds);

  Session* session_;
  vault::Vault* vault_;
  std::unique_ptr<search::SearchIndex> own_;
  search::SearchIndex* index_ = nullptr;
};

}  // namespace atl::cli
