#include "foundation/platform/testing/file_system_contract.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <thread>
#include <utility>

#include "foundation/base/units.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::platform {
namespace {

class Contract : public testing::Test {
 public:
  void use(std::unique_ptr<FileSystemUnderTest> subject) {
    subject_ = std::move(subject);
    folder_ = subject_->folder();
  }

 protected:
  FileSystem& files() { return subject_->files(); }
  std::string at(std::string_view name) { return join(folder_, name); }

  std::unique_ptr<File> open(std::string_view name, OpenMode mode = OpenMode::create_or_open) {
    auto file = files().open(at(name), mode);
    EXPECT_TRUE(file) << file.error().message;
    return file ? std::move(*file) : nullptr;
  }
  void put(std::string_view name, std::string_view text) {
    const auto file = open(name);
    ASSERT_TRUE(file->set_size(0));
    ASSERT_TRUE(file->write_at(0, as_bytes(text)));
  }
  std::string get(std::string_view name) {
    const auto content = read_whole(files(), at(name), kGiB);
    return content ? to_string(*content) : "error: " + content.error().id;
  }
  void make_folder(std::string_view name) { ASSERT_TRUE(files().create_directory(at(name))); }
  std::vector<std::string> names(std::string_view name = "") {
    std::vector<std::string> result;
    const auto entries = files().list(name.empty() ? folder_ : at(name));
    EXPECT_TRUE(entries);
    if (entries) {
      for (const auto& entry : *entries) result.push_back(entry.name);
    }
    return result;
  }
  template <class T>
  static void expect_error(const Result<T>& result, ErrorKind kind, std::string_view id) {
    ASSERT_FALSE(result) << "expected " << id;
    EXPECT_EQ(name_of(result.error().kind), name_of(kind)) << result.error().message;
    EXPECT_EQ(result.error().id, id) << result.error().message;
    EXPECT_FALSE(result.error().message.empty());
  }

 private:
  std::unique_ptr<FileSystemUnderTest> subject_;
  std::string folder_;
};

struct Case {
  const char* name;
  int line;
  Contract* (*make)();
};

// Cases and subjects are both added while the program starts, in an order between files that nobody knows: each new
// one meets all of the other kind that are there already, so every pair is made exactly once.
class Register {
 public:
  using Factory = std::function<std::unique_ptr<FileSystemUnderTest>()>;

  static Register& instance() {
    static Register all;  // NOLINT: GoogleTest's own list of tests is as global
    return all;
  }
  void add_case(const Case& added) {
    cases_.push_back(added);
    for (const auto& [name, factory] : subjects_) make_test(added, name, factory);
  }
  void add_subject(const std::string& name, const Factory& factory) {
    subjects_.emplace_back(name, factory);
    for (const Case& each : cases_) make_test(each, name, factory);
  }

 private:
  static void make_test(const Case& each, const std::string& subject, const Factory& factory) {
    testing::RegisterTest(("FileSystemContract_" + subject).c_str(), each.name, nullptr, nullptr, __FILE__, each.line,
                          [make = each.make, factory]() -> testing::Test* {
                            Contract* test = make();
                            test->use(factory());
                            return test;
                          });
  }

  std::vector<Case> cases_;
  std::vector<std::pair<std::string, Factory>> subjects_;
};

#define CONTRACT(case_name)                                                                                        \
  class Contract_##case_name final : public Contract {                                                             \
    void TestBody() override;                                                                                      \
  };                                                                                                               \
  const bool kListed_##case_name = [] {                                                                            \
    Register::instance().add_case({#case_name, __LINE__, []() -> Contract* { return new Contract_##case_name; }}); \
    return true;                                                                                                   \
  }();                                                                                                             \
  void Contract_##case_name::TestBody()

// ---- opening

CONTRACT(a_missing_file_is_not_found) {
  expect_error(files().open(at("a"), OpenMode::read), ErrorKind::not_found, "file.not_found");
  expect_error(files().open(at("a"), OpenMode::read_write), ErrorKind::not_found, "file.not_found");
  EXPECT_EQ(names(), std::vector<std::string>{});
}

CONTRACT(create_new_makes_an_empty_file_once) {
  {
    const auto file = open("a", OpenMode::create_new);
    EXPECT_EQ(file->size().value(), 0U);
    EXPECT_TRUE(file->write_at(0, as_bytes("x")));
  }
  expect_error(files().open(at("a"), OpenMode::create_new), ErrorKind::conflict, "file.exists");
  EXPECT_EQ(get("a"), "x");
}

CONTRACT(create_or_open_keeps_what_is_there) {
  put("a", "old");
  EXPECT_EQ(open("a", OpenMode::create_or_open)->size().value(), 3U);
  EXPECT_EQ(get("a"), "old");
}

CONTRACT(a_file_needs_its_folder) {
  expect_error(files().open(at("no/a"), OpenMode::create_new), ErrorKind::not_found, "file.not_found");
  expect_error(files().open(at("no/a"), OpenMode::read), ErrorKind::not_found, "file.not_found");
  expect_error(files().lock(at("no/a"), LockMode::shared), ErrorKind::not_found, "file.not_found");
}

CONTRACT(nothing_is_below_a_file) {
  put("a", "x");
  expect_error(files().open(at("a/b"), OpenMode::read), ErrorKind::conflict, "file.not_a_directory");
  expect_error(files().open(at("a/b"), OpenMode::create_new), ErrorKind::conflict, "file.not_a_directory");
  expect_error(files().create_directory(at("a/b")), ErrorKind::conflict, "file.not_a_directory");
  expect_error(files().list(at("a/b")), ErrorKind::conflict, "file.not_a_directory");
  EXPECT_FALSE(files().stat(at("a/b")).value().has_value());
  EXPECT_FALSE(files().remove_file(at("a/b")).value());
}

CONTRACT(a_folder_is_no_file) {
  make_folder("d");
  expect_error(files().open(at("d"), OpenMode::read), ErrorKind::conflict, "file.is_directory");
  expect_error(files().open(at("d"), OpenMode::read_write), ErrorKind::conflict, "file.is_directory");
  expect_error(files().open(at("d"), OpenMode::create_or_open), ErrorKind::conflict, "file.is_directory");
  expect_error(files().open(at("d"), OpenMode::create_new), ErrorKind::conflict, "file.exists");
}

CONTRACT(a_file_opened_to_read_refuses_changes) {
  put("a", "abc");
  const auto file = open("a", OpenMode::read);
  EXPECT_FALSE(file->write_at(0, as_bytes("x")));
  EXPECT_FALSE(file->set_size(1));
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(get("a"), "abc");
}

// ---- bytes

CONTRACT(what_is_written_is_read_in_any_parts) {
  SeededRandom random(7);
  Bytes model;
  const auto file = open("a");
  for (int i = 0; i < 200; ++i) {
    const auto offset = random.below(200'000);
    const auto data = random.one_in(4) ? Bytes(random.below(70'000)) : random.bytes(random.below(30'000));
    ASSERT_TRUE(file->write_at(offset, data));
    if (data.empty()) continue;
    if (model.size() < offset + data.size()) model.resize(offset + data.size());
    std::copy(data.begin(), data.end(), model.begin() + static_cast<std::ptrdiff_t>(offset));
    const auto from = random.below(model.size());
    Bytes part(random.below(50'000));
    const auto count = file->read_at(from, part).value();
    ASSERT_EQ(count, std::min<std::size_t>(part.size(), model.size() - from));
    ASSERT_TRUE(equal(ByteView(part).first(count), ByteView(model).subspan(from, count)));
  }
  EXPECT_EQ(file->size().value(), model.size());
  EXPECT_TRUE(equal(read_whole(files(), at("a"), kGiB).value(), model));
}

CONTRACT(reading_past_the_end_is_short_and_no_error) {
  put("a", "abc");
  const auto file = open("a", OpenMode::read);
  std::array<std::uint8_t, 8> out{};
  EXPECT_EQ(file->read_at(0, out).value(), 3U);
  EXPECT_EQ(file->read_at(2, out).value(), 1U);
  EXPECT_EQ(out[0], 'c');
  EXPECT_EQ(file->read_at(3, out).value(), 0U);
  EXPECT_EQ(file->read_at(kGiB * kGiB, out).value(), 0U);
  EXPECT_EQ(file->read_at(std::numeric_limits<std::uint64_t>::max(), out).value(), 0U);
  EXPECT_EQ(file->read_at(0, {}).value(), 0U);
}

CONTRACT(a_gap_reads_as_zeros) {
  const auto file = open("a");
  ASSERT_TRUE(file->write_at(100'000, as_bytes("end")));
  EXPECT_EQ(file->size().value(), 100'003U);
  Bytes out(100'003, 0xee);
  ASSERT_TRUE(read_exact(*file, 0, out, "the file"));
  EXPECT_TRUE(std::all_of(out.begin(), out.begin() + 100'000, [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_EQ(to_string(ByteView(out).last(3)), "end");
}

CONTRACT(what_was_cut_off_comes_back_as_zeros) {
  const auto file = open("a");
  ASSERT_TRUE(file->write_at(0, Bytes(10'000, 0x55)));
  ASSERT_TRUE(file->set_size(5'000));
  EXPECT_EQ(file->size().value(), 5'000U);
  ASSERT_TRUE(file->set_size(10'000));
  Bytes out(10'000);
  ASSERT_TRUE(read_exact(*file, 0, out, "the file"));
  EXPECT_EQ(std::count(out.begin(), out.end(), 0x55), 5'000);
  EXPECT_EQ(out[4'999], 0x55);
  EXPECT_EQ(out[5'000], 0);
}

CONTRACT(overwriting_the_middle_keeps_the_rest) {
  put("a", "0123456789");
  ASSERT_TRUE(open("a", OpenMode::read_write)->write_at(3, as_bytes("xyz")));
  EXPECT_EQ(get("a"), "012xyz6789");
}

CONTRACT(an_empty_write_changes_nothing) {
  put("a", "abc");
  ASSERT_TRUE(open("a")->write_at(50, {}));
  EXPECT_EQ(get("a"), "abc");
}

CONTRACT(offsets_beyond_4_gib_work_and_holes_cost_nothing) {
  const std::uint64_t far = 5 * kGiB + 123;
  {
    const auto file = open("a");
    ASSERT_TRUE(file->write_at(far, as_bytes("far")));
    ASSERT_TRUE(file->sync());
  }
  const auto file = open("a", OpenMode::read);
  EXPECT_EQ(file->size().value(), far + 3);
  Bytes out(3);
  ASSERT_TRUE(read_exact(*file, far, out, "the far end"));
  EXPECT_EQ(to_string(out), "far");
  EXPECT_LT(files().stat(at("a")).value()->allocated_bytes, kMiB);
}

CONTRACT(impossible_offsets_are_refused) {
  const auto file = open("a");
  const std::uint64_t last = std::numeric_limits<std::int64_t>::max();
  expect_error(file->write_at(last, as_bytes("xx")), ErrorKind::limit, "file.too_large");
  expect_error(file->write_at(last + 1, as_bytes("x")), ErrorKind::limit, "file.too_large");
  expect_error(file->set_size(last + 1), ErrorKind::limit, "file.too_large");
  EXPECT_EQ(file->size().value(), 0U);
}

CONTRACT(handles_of_one_file_see_each_other) {
  const auto one = open("a");
  const auto two = open("a");
  ASSERT_TRUE(one->write_at(0, as_bytes("hello")));
  Bytes out(5);
  ASSERT_TRUE(read_exact(*two, 0, out, "the file"));
  EXPECT_EQ(to_string(out), "hello");
  EXPECT_EQ(two->size().value(), 5U);
}

CONTRACT(an_open_file_lives_on_without_its_name) {
  put("a", "first");
  put("b", "second");
  const auto a = open("a", OpenMode::read_write);
  const auto b = open("b", OpenMode::read);
  ASSERT_TRUE(files().rename(at("a"), at("b")));
  ASSERT_TRUE(files().remove_file(at("b")).value());
  EXPECT_EQ(names(), std::vector<std::string>{});
  Bytes out(6);
  ASSERT_TRUE(read_exact(*b, 0, out, "b"));
  EXPECT_EQ(to_string(out), "second");
  EXPECT_TRUE(a->write_at(5, as_bytes("!")));
  EXPECT_EQ(a->size().value(), 6U);
  EXPECT_TRUE(a->sync());
  put("b", "third");
  EXPECT_EQ(a->size().value(), 6U);
}

CONTRACT(many_threads_read_one_file) {
  SeededRandom random(3);
  const Bytes content = random.bytes(300'000);
  const auto file = open("a");
  ASSERT_TRUE(file->write_at(0, content));
  std::vector<std::thread> threads;
  std::array<bool, 4> good{};
  for (std::size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      SeededRandom own(t);
      bool all = true;
      for (int i = 0; i < 50; ++i) {
        const auto offset = own.below(content.size());
        Bytes out(own.below(content.size() - offset) + 1);
        const auto count = file->read_at(offset, out);
        all = all && count && *count == out.size() && equal(out, ByteView(content).subspan(offset, out.size()));
      }
      good.at(t) = all;
    });
  }
  for (auto& thread : threads) thread.join();
  for (const bool all : good) EXPECT_TRUE(all);
}

// ---- names

CONTRACT(a_folder_is_made_once_and_needs_its_parent) {
  EXPECT_TRUE(files().create_directory(at("d")).value());
  EXPECT_FALSE(files().create_directory(at("d")).value());
  expect_error(files().create_directory(at("no/d")), ErrorKind::not_found, "file.not_found");
  put("a", "");
  expect_error(files().create_directory(at("a")), ErrorKind::conflict, "file.exists");
}

CONTRACT(only_an_empty_folder_is_removed) {
  EXPECT_FALSE(files().remove_directory(at("d")).value());
  make_folder("d");
  put("d/a", "x");
  expect_error(files().remove_directory(at("d")), ErrorKind::conflict, "file.directory_not_empty");
  expect_error(files().remove_directory(at("d/a")), ErrorKind::conflict, "file.not_a_directory");
  EXPECT_TRUE(files().remove_file(at("d/a")).value());
  EXPECT_TRUE(files().remove_directory(at("d")).value());
  EXPECT_FALSE(files().stat(at("d")).value().has_value());
}

CONTRACT(removing_a_missing_file_is_fine_and_a_folder_is_refused) {
  EXPECT_FALSE(files().remove_file(at("a")).value());
  EXPECT_FALSE(files().remove_file(at("no/a")).value());
  EXPECT_FALSE(files().remove_directory(at("no/d")).value());
  make_folder("d");
  expect_error(files().remove_file(at("d")), ErrorKind::conflict, "file.is_directory");
  put("a", "x");
  EXPECT_TRUE(files().remove_file(at("a")).value());
  EXPECT_FALSE(files().remove_file(at("a")).value());
  put("a", "again");
  EXPECT_EQ(get("a"), "again");
}

CONTRACT(rename_moves_and_replaces) {
  put("a", "new");
  put("b", "old");
  ASSERT_TRUE(files().rename(at("a"), at("b")));
  EXPECT_EQ(names(), std::vector<std::string>{"b"});
  EXPECT_EQ(get("b"), "new");
  make_folder("d");
  ASSERT_TRUE(files().rename(at("b"), at("d/c")));
  EXPECT_EQ(get("d/c"), "new");
  EXPECT_EQ(names(), std::vector<std::string>{"d"});
  ASSERT_TRUE(files().rename(at("d/c"), at("d/c")));
  EXPECT_EQ(get("d/c"), "new");
}

CONTRACT(rename_takes_a_folder_with_all_in_it) {
  make_folder("d");
  make_folder("d/e");
  put("d/e/a", "deep");
  make_folder("empty");
  ASSERT_TRUE(files().rename(at("d"), at("empty")));
  EXPECT_EQ(get("empty/e/a"), "deep");
  EXPECT_EQ(names(), std::vector<std::string>{"empty"});
  EXPECT_FALSE(files().rename(at("empty"), at("empty/e/inside")));
  EXPECT_EQ(get("empty/e/a"), "deep");
}

CONTRACT(rename_refuses_what_would_mix_kinds) {
  put("a", "x");
  make_folder("d");
  make_folder("full");
  put("full/b", "y");
  expect_error(files().rename(at("no"), at("b")), ErrorKind::not_found, "file.not_found");
  expect_error(files().rename(at("a"), at("no/b")), ErrorKind::not_found, "file.not_found");
  expect_error(files().rename(at("a"), at("d")), ErrorKind::conflict, "file.is_directory");
  expect_error(files().rename(at("d"), at("a")), ErrorKind::conflict, "file.not_a_directory");
  expect_error(files().rename(at("d"), at("full")), ErrorKind::conflict, "file.directory_not_empty");
  EXPECT_EQ(names(), (std::vector<std::string>{"a", "d", "full"}));
}

CONTRACT(list_is_sorted_by_bytes_and_knows_the_kinds) {
  make_folder("d");
  for (const char* name : {"b", "B", "a.b", "a", "\xc3\xa9", "~", "a b", "0"}) put(name, "");
  const auto entries = files().list(at("")).value();
  std::vector<std::string> sorted;
  for (const auto& entry : entries) {
    sorted.push_back(entry.name);
    EXPECT_EQ(entry.kind, entry.name == "d" ? FileKind::directory : FileKind::file) << entry.name;
  }
  EXPECT_EQ(sorted, (std::vector<std::string>{"0", "B", "a", "a b", "a.b", "b", "d", "~", "\xc3\xa9"}));
  expect_error(files().list(at("no")), ErrorKind::not_found, "file.not_found");
  expect_error(files().list(at("a")), ErrorKind::conflict, "file.not_a_directory");
}

CONTRACT(names_are_any_bytes) {
  const std::vector<std::string> odd{"\n",  "-rf",       "\xff\xfe\x01",       "a\\b", "*?[x]", "\xf0\x9f\x90\x9a", " ",
                                     "...", "e\xcc\x81", std::string(255, 'n')};
  for (const auto& name : odd) put(name, "content of " + name);
  for (const auto& name : odd) EXPECT_EQ(get(name), "content of " + name);
  EXPECT_EQ(names().size(), odd.size());
  for (const auto& name : odd) EXPECT_TRUE(files().remove_file(at(name)).value());
}

CONTRACT(impossible_names_are_refused_everywhere) {
  const std::string nul = at(std::string("a\0b", 3));
  expect_error(files().open(nul, OpenMode::create_new), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().create_directory(nul), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().rename(nul, at("b")), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().rename(at("b"), nul), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().remove_file(nul), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().remove_directory(nul), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().sync_directory(nul), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().list(nul), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().stat(nul), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().space(nul), ErrorKind::usage, "file.name_has_nul");
  expect_error(files().lock(nul, LockMode::shared), ErrorKind::usage, "file.name_has_nul");
  const std::string long_name = at(std::string(256, 'n'));
  expect_error(files().open(long_name, OpenMode::create_new), ErrorKind::limit, "file.name_too_long");
  expect_error(files().create_directory(long_name), ErrorKind::limit, "file.name_too_long");
  EXPECT_EQ(names(), std::vector<std::string>{});
}

CONTRACT(stat_tells_kind_size_and_time) {
  EXPECT_FALSE(files().stat(at("a")).value().has_value());
  EXPECT_FALSE(files().stat(at("no/a")).value().has_value());
  put("a", std::string(10'000, 'x'));
  ASSERT_TRUE(open("a")->sync());
  const auto file = files().stat(at("a")).value().value();
  EXPECT_EQ(file.kind, FileKind::file);
  EXPECT_EQ(file.size, 10'000U);
  EXPECT_GE(file.allocated_bytes, 10'000U);
  EXPECT_GT(file.modified_unix_us, 1'700'000'000'000'000);
  make_folder("d");
  const auto folder = files().stat(at("d")).value().value();
  EXPECT_EQ(folder.kind, FileKind::directory);
  EXPECT_EQ(folder.size, 0U);
}

CONTRACT(syncing_a_folder_needs_a_folder) {
  make_folder("d");
  put("a", "x");
  EXPECT_TRUE(files().sync_directory(at("d")));
  EXPECT_TRUE(files().sync_directory(at("")));
  expect_error(files().sync_directory(at("no")), ErrorKind::not_found, "file.not_found");
  expect_error(files().sync_directory(at("a")), ErrorKind::conflict, "file.not_a_directory");
}

CONTRACT(space_is_told_of_what_exists) {
  const auto space = files().space(at("")).value();
  EXPECT_GT(space.total_bytes, 0U);
  EXPECT_LE(space.available_bytes, space.total_bytes);
  expect_error(files().space(at("no")), ErrorKind::not_found, "file.not_found");
}

// ---- locks

CONTRACT(shared_locks_live_together_and_an_exclusive_one_lives_alone) {
  auto one = files().lock(at("l"), LockMode::shared);
  auto two = files().lock(at("l"), LockMode::shared);
  ASSERT_TRUE(one);
  ASSERT_TRUE(two);
  expect_error(files().lock(at("l"), LockMode::exclusive), ErrorKind::locked, "file.locked");
  one->reset();
  expect_error(files().lock(at("l"), LockMode::exclusive), ErrorKind::locked, "file.locked");
  two->reset();
  auto alone = files().lock(at("l"), LockMode::exclusive);
  ASSERT_TRUE(alone);
  expect_error(files().lock(at("l"), LockMode::exclusive), ErrorKind::locked, "file.locked");
  expect_error(files().lock(at("l"), LockMode::shared), ErrorKind::locked, "file.locked");
  EXPECT_TRUE(files().lock(at("other"), LockMode::exclusive));
  alone->reset();
  EXPECT_TRUE(files().lock(at("l"), LockMode::shared));
}

CONTRACT(a_lock_makes_its_file_and_leaves_its_content) {
  ASSERT_TRUE(files().lock(at("new"), LockMode::exclusive));
  EXPECT_EQ(get("new"), "");
  put("l", "owner 12");
  {
    const auto lock = files().lock(at("l"), LockMode::exclusive);
    ASSERT_TRUE(lock);
    EXPECT_EQ(get("l"), "owner 12");  // opening, reading and closing the file drops no lock
    put("l", "owner 13");
    expect_error(files().lock(at("l"), LockMode::exclusive), ErrorKind::locked, "file.locked");
  }
  EXPECT_EQ(get("l"), "owner 13");
}

CONTRACT(a_lock_belongs_to_the_file_and_not_to_its_name) {
  const auto lock = files().lock(at("l"), LockMode::exclusive);
  ASSERT_TRUE(files().rename(at("l"), at("m")));
  expect_error(files().lock(at("m"), LockMode::exclusive), ErrorKind::locked, "file.locked");
  EXPECT_TRUE(files().lock(at("l"), LockMode::exclusive));
}

// ---- the helpers over the seam

CONTRACT(read_exact_calls_a_short_file_damaged) {
  put("a", "abc");
  const auto file = open("a", OpenMode::read);
  Bytes out(3);
  EXPECT_TRUE(read_exact(*file, 0, out, "the head"));
  const auto short_read = read_exact(*file, 1, out, "the head");
  expect_error(short_read, ErrorKind::damaged, "file.short");
  EXPECT_NE(short_read.error().message.find("the head"), std::string::npos);
}

CONTRACT(read_whole_refuses_more_than_it_was_told) {
  put("a", "12345");
  EXPECT_EQ(to_string(read_whole(files(), at("a"), 5).value()), "12345");
  expect_error(read_whole(files(), at("a"), 4), ErrorKind::limit, "file.too_large");
  expect_error(read_whole(files(), at("b"), 4), ErrorKind::not_found, "file.not_found");
}

CONTRACT(replace_whole_leaves_only_the_new_content) {
  ASSERT_TRUE(replace_whole(files(), at("a"), as_bytes("one")));
  EXPECT_EQ(get("a"), "one");
  put("a.new", "left by a crash, and longer than the new content");
  ASSERT_TRUE(replace_whole(files(), at("a"), as_bytes("two")));
  EXPECT_EQ(get("a"), "two");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
  expect_error(replace_whole(files(), at("no/a"), as_bytes("x")), ErrorKind::not_found, "file.not_found");
}

CONTRACT(create_directories_makes_what_is_missing) {
  ASSERT_TRUE(create_directories(files(), at("a/b/c")));
  ASSERT_TRUE(create_directories(files(), at("a/b/c")));
  ASSERT_TRUE(create_directories(files(), at("a//b/d/")));
  EXPECT_EQ(names("a/b"), (std::vector<std::string>{"c", "d"}));
  put("a/file", "x");
  expect_error(create_directories(files(), at("a/file/e")), ErrorKind::conflict, "file.not_a_directory");
  expect_error(create_directories(files(), at("a/file")), ErrorKind::conflict, "file.not_a_directory");
}

CONTRACT(remove_tree_takes_everything_and_does_not_mind_nothing) {
  ASSERT_TRUE(create_directories(files(), at("a/b/c")));
  put("a/b/c/1", "x");
  put("a/b/2", "x");
  put("a/3", "x");
  put("keep", "x");
  ASSERT_TRUE(remove_tree(files(), at("a")));
  EXPECT_EQ(names(), std::vector<std::string>{"keep"});
  ASSERT_TRUE(remove_tree(files(), at("a")));
  ASSERT_TRUE(remove_tree(files(), at("no/such")));
  ASSERT_TRUE(remove_tree(files(), at("keep")));
  EXPECT_EQ(names(), std::vector<std::string>{});
}

#undef CONTRACT

}  // namespace

bool register_file_system_contract(const std::string& name,
                                   const std::function<std::unique_ptr<FileSystemUnderTest>()>& factory) {
  Register::instance().add_subject(name, factory);
  return true;
}

}  // namespace atl::platform
