// Files of another machine, with the other machine in the same process: what it gives, what it refuses, what travels,
// and what happens where it lies.
#include "edge/remote/remote_tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "edge/remote/file_server.h"
#include "vault/folder/mirror.h"
#include "vault/folder/restore.h"
#include "vault/testing/folder_fixture.h"

namespace atl::remote {
namespace {

using platform::NodeKind;
using vault::testing::noise;
using vault::testing::told;
using Use = NamedPath::Use;

class Remote : public vault::testing::FolderFixture {
 protected:
  void SetUp() override {
    FolderFixture::SetUp();
    name({{path("in"), Use::read}});
  }
  // Another machine whose command names these.
  void name(const std::vector<NamedPath>& paths) {
    remote_.reset();
    channel_ = std::make_unique<CallChannel>(machine_.clock, [this](std::string_view frame) { return carry(frame); });
    server_ = std::make_unique<FileServer>(*tree_, machine_.machine(), paths);
    remote_ = std::make_unique<RemoteTree>(*channel_);
  }
  Result<void> carry(std::string_view frame) {
    const ByteView bytes = as_bytes(frame);
    down_ += bytes.size();
    ATOLL_ASSIGN(Call call, decode_call(bytes.subspan(8)));
    ++calls_;
    FileServer::Handles handles;
    Answer answer = server_->answer(std::move(call), handles);
    if (lies_) lies_(answer);
    const auto number = load_le<std::uint64_t>(bytes.data());
    if (number == 0) return {};
    Bytes framed;
    append_answer(framed, number, encode(answer));
    up_ += framed.size();
    return channel_->take(framed);
  }
  vault::FolderPutSummary put_remote(vault::FolderPutOptions options = {}) {
    options.on_bucket = [this](vault::Vault& vault, const catalog::BucketRow& bucket) {
      EXPECT_EQ(told(remote_->share_chunks(vault.acting_for(vault.caller()), bucket.domain)), "ok");
    };
    auto summary = put(options, remote_.get());
    remote_->forget_chunks();
    return summary;
  }
  void restore_remote(const std::string& target, vault::RestoreSummary* out = nullptr) {
    vault::RestoreOptions options;
    options.workers = 4;
    const auto done = vault::restore_folder(*vault_, *remote_, {"bucket", "", true}, path(target), options, {});
    ASSERT_EQ(told(done), "ok");
    EXPECT_EQ(done->problem_count, 0U);
    if (out != nullptr) *out = *done;
  }
  Answer ask(const Call& call) {
    FileServer::Handles handles;
    return server_->answer(call, handles);
  }
  static Call call(CallKind kind, std::string root, std::vector<std::string> parts = {},
                   std::vector<std::string> names = {}) {
    Call call;
    call.kind = kind;
    call.place = {std::move(root), std::move(parts)};
    call.names = std::move(names);
    return call;
  }
  void write_bytes(const std::string& name, const Bytes& bytes) { write(name, to_string(bytes)); }

  std::unique_ptr<CallChannel> channel_;
  std::unique_ptr<FileServer> server_;
  std::unique_ptr<RemoteTree> remote_;
  std::function<void(Answer&)> lies_;
  std::atomic<std::uint64_t> up_ = 0, down_ = 0, calls_ = 0;
};

TEST_F(Remote, ReadsWhatIsThere) {
  write_bytes("in/long", noise(1, 3'000'000));
  {
    std::ofstream sparse(path("in/sparse"), std::ios::binary);
    sparse.seekp(5'000'000);
    sparse << "island";
  }
  std::filesystem::resize_file(path("in/sparse"), 9'000'000);
  write("in/empty", "");
  for (const bool shares : {false, true}) {
    SCOPED_TRACE(shares ? "by chunks" : "as it is");
    if (shares) {
      put();  // so that all of it is known, and comes out of the vault
      ASSERT_EQ(told(remote_->share_chunks(vault_->acting_for(vault_->caller()), DomainNumber{1})), "ok");
    }
    const auto here = platform::testing::take(tree_->open_source(path("in")));
    const auto there = platform::testing::take(remote_->open_source(path("in")));
    auto names = platform::testing::take(there->names());
    std::ranges::sort(names);
    EXPECT_EQ(names, (std::vector<std::string>{"empty", "long", "sparse"}));
    const std::uint64_t up_before = up_;
    platform::SeededRandom random(3);
    for (const std::string& name : names) {
      const auto a = platform::testing::take(here->open_file(name));
      const auto b = platform::testing::take(there->open_file(name));
      EXPECT_EQ(platform::testing::take(a->info()), platform::testing::take(b->info()));
      EXPECT_EQ(platform::testing::take(a->attributes()), platform::testing::take(b->attributes()));
      for (int i = 0; i < 30; ++i) {
        const std::uint64_t offset = random.below(9'100'000);
        Bytes from_a(1 + random.below(200'000)), from_b(from_a.size());
        const std::size_t count = platform::testing::take(a->read_at(offset, from_a));
        ASSERT_EQ(platform::testing::take(b->read_at(offset, from_b)), count);
        from_a.resize(count);
        from_b.resize(count);
        ASSERT_TRUE(from_a == from_b) << name << " at " << offset;
      }
    }
    if (shares) {
      EXPECT_LT(up_ - up_before, 100'000U) << "content that is there does not travel";
    }
    remote_->forget_chunks();
  }
}

TEST_F(Remote, OnlyWhatIsNewTravels) {
  Bytes content = noise(1, 8'000'000);
  write_bytes("in/big", content);
  for (int i = 0; i < 200; ++i) write_bytes("in/small" + std::to_string(i), noise(100 + i, 2'000));
  EXPECT_EQ(put_remote().files_new, 201U);
  EXPECT_GT(up_, 8'400'000U);
  EXPECT_LT(up_, 8'700'000U);
  EXPECT_LT(calls_, 60U) << "files of one folder are asked for together";
  up_ = calls_ = 0;
  EXPECT_EQ(put_remote().files_unchanged, 201U);
  EXPECT_LT(up_, 50'000U);
  content[4'000'000] ^= 1;
  write_bytes("in/big", content);
  std::filesystem::copy_file(path("in/big"), path("in/copy"));
  up_ = 0;
  EXPECT_EQ(put_remote().files_changed, 1U);
  EXPECT_LT(up_, 400'000U) << "the chunk that changed, and ids";
  EXPECT_EQ(told(vault::testing::bytes_of(*vault_, "bucket", "copy")), "ok");
  EXPECT_TRUE(*vault::testing::bytes_of(*vault_, "bucket", "big") == content);
}

TEST_F(Remote, AFolderComesBackWithEverything) {
  std::filesystem::create_directories(path("in/a/b/c"));
  std::filesystem::create_directories(path("in/empty/below"));
  for (int i = 0; i < 120; ++i) {
    std::filesystem::create_directories(path("in/many/" + std::to_string(i)));
    write("in/many/" + std::to_string(i) + "/file", "text " + std::to_string(i));
  }
  write("in/a/file", "content");
  write_bytes("in/a/b/large", noise(5, 9'500'000));
  std::filesystem::create_hard_link(path("in/a/file"), path("in/a/b/second"));
  std::filesystem::create_symlink("../file", path("in/a/b/link"));
  ASSERT_EQ(::mkfifo(path("in/a/pipe").c_str(), 0600), 0);
  std::filesystem::permissions(path("in/a/b"), std::filesystem::perms(0500));
  put_remote();
  name({{path("out"), Use::write}});
  restore_remote("out");
  EXPECT_EQ(on_disk("in"), on_disk("out"));
  EXPECT_EQ(status_of("out/a/file").st_ino, status_of("out/a/b/second").st_ino);
  EXPECT_EQ(status_of("in/a/b").st_mtim.tv_nsec, status_of("out/a/b").st_mtim.tv_nsec);
  EXPECT_EQ(status_of("out/a/b").st_mode & 07777U, 0500U);
  EXPECT_EQ(status_of("in/a/file").st_mtim.tv_nsec, status_of("out/a/file").st_mtim.tv_nsec);
  // Again, by a new command: everything is there.
  name({{path("out"), Use::write}});
  down_ = 0;
  vault::RestoreSummary again;
  restore_remote("out", &again);
  EXPECT_GE(again.files_already_there, 123U);
  EXPECT_EQ(again.bytes, 0U);
  EXPECT_LT(down_, 100'000U);
}

TEST_F(Remote, AMirrorRemovesWhatIsGoneAndKeepsWhatCannotBeListed) {
  std::filesystem::create_directories(path("in/sub"));
  write("in/stays", "stays");
  write("in/goes", "goes");
  write("in/sub/kept", "kept");
  put_remote();
  std::filesystem::remove(path("in/goes"));
  const auto mirror = [&] {
    vault::FolderPutOptions options;
    return vault::remove_vanished(*vault_, *remote_, source(), "bucket", options, {}, {});
  };
  const auto mirrored = mirror();
  ASSERT_EQ(told(mirrored), "ok");
  EXPECT_EQ(mirrored->files_removed, 1U);
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "stays", "sub/", "sub/kept"}));
  // A machine that goes away is no empty folder.
  channel_->end();
  const auto broken = mirror();
  EXPECT_EQ(broken ? broken->files_removed : 0, 0U);
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "stays", "sub/", "sub/kept"}));
}

TEST_F(Remote, OnlyNamedPathsAreTouched) {
  std::filesystem::create_directories(path("other"));
  write("in/file", "mine");
  write("other/secret", "not named");
  write("single", "named by itself");
  std::filesystem::create_directory_symlink(path("other"), path("in/way-out"));
  name({{path("in"), Use::read},
        {path("single"), Use::read},
        {path("out"), Use::write},
        {path("one/file"), Use::write_file}});
  const auto is_refused = [&](const Call& one) {
    const Answer answer = ask(one);
    return answer.error && answer.error->id == "remote.not_named";
  };
  EXPECT_FALSE(ask(call(CallKind::list, path("in"))).error);
  EXPECT_FALSE(ask(call(CallKind::open, path("in"), {}, {"file"})).error);
  EXPECT_FALSE(ask(call(CallKind::open, root_, {}, {"single"})).error);
  EXPECT_FALSE(ask(call(CallKind::look, path("single"))).error);
  for (const std::string& other :
       {root_, path("other"), path("innocent"), std::string("/"), std::string(), path("out"), path("one/file")}) {
    EXPECT_TRUE(is_refused(call(CallKind::list, other))) << other;
    EXPECT_TRUE(is_refused(call(CallKind::whole, other))) << other;
    EXPECT_TRUE(is_refused(call(CallKind::open, other, {}, {"secret"}))) << other;
  }
  for (const CallKind kind : {CallKind::list, CallKind::whole, CallKind::look, CallKind::open})
    EXPECT_TRUE(ask(call(kind, path("in/../other"), {}, {"secret"})).error);
  EXPECT_TRUE(is_refused(call(CallKind::open, root_, {}, {"single", "other"})));
  EXPECT_TRUE(is_refused(call(CallKind::open, root_, {"other"}, {"secret"})));
  EXPECT_TRUE(is_refused(call(CallKind::remove, path("in"), {}, {"file"}))) << "what is put is not removed";
  for (const CallKind kind : {CallKind::put_file, CallKind::remove_target, CallKind::symlink, CallKind::rename}) {
    Call one = call(kind, path("in"), {}, {"file"});
    one.steps = kPutCreate;
    EXPECT_TRUE(is_refused(one)) << "what is read is not written";
  }
  // Names and folders below a named path cannot lead out of it.
  for (const std::vector<std::string>& parts :
       {std::vector<std::string>{"..", "other"}, {"way-out"}, {"../other"}, {"."}, {""}}) {
    EXPECT_TRUE(ask(call(CallKind::list, path("in"), parts)).error) << parts.front();
  }
  EXPECT_TRUE(ask(call(CallKind::open, path("in"), {}, {"../other/secret"})).files.front().error);
  EXPECT_TRUE(ask(call(CallKind::list, path("in") + "/way-out")).error);
  // The one file that is written, and nothing beside it.
  Call one = call(CallKind::put_file, path("one"), {}, {partial_name("file")});
  one.steps = kPutCreate | kPutWrite | kPutClose;
  one.bytes = to_bytes("new");
  EXPECT_FALSE(ask(one).error);
  EXPECT_EQ(content_of("one/" + partial_name("file")), "new");
  one.names = {"beside"};
  EXPECT_TRUE(is_refused(one));
  Call rename = call(CallKind::rename, path("one"), {}, {partial_name("file")});
  rename.text = "elsewhere";
  EXPECT_TRUE(is_refused(rename));
  rename.text = "file";
  EXPECT_FALSE(ask(rename).error);
  EXPECT_TRUE(ask(call(CallKind::make_folder, path("one"))).listings.empty()) << "its neighbours are nobody's business";
}

TEST_F(Remote, WhatIsNotWhatItWasListedAsIsNotStored) {
  write_bytes("in/big", noise(1, 3'000'000));
  write_bytes("in/small", noise(2, 3'000));
  write_bytes("in/third", noise(3, 3'000));
  lies_ = [](Answer& answer) {
    for (std::uint8_t& byte : answer.bytes) byte ^= 1;
  };
  const auto summary = put_remote();
  EXPECT_EQ(summary.files_new, 0U);
  EXPECT_EQ(summary.problem_count, 3U);
  EXPECT_EQ(summary.problems.front().error.id, "source.changed");
  EXPECT_EQ(keys(), (std::set<std::string>{"./"}));
  lies_ = nullptr;
  EXPECT_EQ(put_remote().files_new, 3U);
}

TEST_F(Remote, IdsOfOthersContentGiveNothing) {
  // A client that lists a chunk which it does not have gets that content stored under its name: it may read all of the
  // vault anyway, or it would not be asked. One that lists what the vault does not have either gets nothing.
  write_bytes("in/file", noise(1, 20'000));
  lies_ = [](Answer& answer) {
    for (FileFacts& facts : answer.files) {
      for (Piece& piece : facts.pieces) piece.id.bytes.fill(9);
    }
  };
  EXPECT_EQ(put_remote().problem_count, 1U);
  EXPECT_EQ(keys(), (std::set<std::string>{"./"}));
}

TEST_F(Remote, AnswersThatDoNotFitAreErrors) {
  write_bytes("in/file", noise(1, 200'000));
  const std::vector<std::function<void(Answer&)>> lies = {
      [](Answer& answer) { answer.files.clear(); },
      [](Answer& answer) { answer.listings.clear(); },
      [](Answer& answer) { answer.bytes.resize(answer.bytes.size() / 2); },
      [](Answer& answer) {
        for (FileFacts& facts : answer.files) facts.info.size = 10;
      },
      [](Answer& answer) {
        for (FileFacts& facts : answer.files)
          facts.pieces.insert(facts.pieces.end(), facts.pieces.begin(), facts.pieces.end());
      },
      [](Answer& answer) {
        for (FileFacts& facts : answer.files) facts.info.kind = NodeKind::fifo;
      },
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    SCOPED_TRACE(i);
    lies_ = lies[i];
    vault::FolderPutOptions options;
    options.workers = 1;
    options.on_bucket = [this](vault::Vault& vault, const catalog::BucketRow& bucket) {
      ASSERT_EQ(told(remote_->share_chunks(vault.acting_for(vault.caller()), bucket.domain)), "ok");
    };
    const auto done = vault::put_folders(*vault_, *remote_, {source()}, "bucket", options, {});
    EXPECT_TRUE(!done || done->problem_count > 0);
    EXPECT_FALSE(keys().contains("file"));
    remote_->forget_chunks();
  }
}

TEST_F(Remote, AChannelThatEndsEndsEverything) {
  write_bytes("in/file", noise(1, 2'000));
  channel_->end();
  const auto done = put({}, remote_.get());
  EXPECT_EQ(done.files_new, 0U);
  EXPECT_GT(done.problem_count, 0U);
  // Silence is an end, too.
  CallChannel silent(machine_.clock, [this](std::string_view) -> Result<void> {
    machine_.clock.advance_s(2 * kSilenceMaxNs / 1'000'000'000);
    return {};
  });
  EXPECT_EQ(told(silent.call(call(CallKind::look, path("in")))).substr(0, 23), "interrupted remote.gone");
  EXPECT_TRUE(silent.has_ended());
  // Whoever wants a stop is still there.
  name({{path("in"), Use::read}});
  Bytes stop;
  append_answer(stop, kStopNumber, {});
  EXPECT_EQ(told(channel_->take(stop)), "ok");
  EXPECT_TRUE(channel_->is_to_stop());
  EXPECT_FALSE(channel_->has_ended());
  EXPECT_EQ(told(channel_->call(call(CallKind::look, path("in")))), "ok");
}

}  // namespace
}  // namespace atl::remote
