// A home made from a copy alone, on a machine that never saw the first one.
//
// Always true:
//  - The copy is only read.
//  - The home is there whole or not at all: the vault's folder takes its name at the end. A broken-off restore is taken
//    up again by the same call; files that are there whole are not copied again.
//  - Everything derived is made anew, and the vault gets a new history id: whoever followed the old one notices.
//  - A copy that does not open as a whole is refused, never restored in part without a word.
// Format of what it reads: spec/formats/copy.md.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/blob/s3/s3_place.h"
#include "vault/home.h"

namespace atl::backup {

struct RestoreHomeOptions {
  std::string from;  // the copy's folder, or the text of an S3 place
  std::function<Result<net::AwsCredentials>(const blob::S3Place&)> credentials;  // of an S3 place
  std::string home;                         // to be made: missing, empty, or broken off by an earlier call
  bool joins_home = false;                  // it may also be there, with other vaults in it
  std::optional<Bytes> kit;                 // the recovery kit's file, or its page
  std::vector<keyring::Unlocking> given;    // passphrases and key files
  std::vector<keyring::Unlocking> for_now;  // opens it here, and nobody will have it later
  // Where the key file of this machine goes: with a kit, or where only `for_now` opens what was made; "": nowhere.
  std::string key_folder;
  unsigned workers = 1;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;  // from any thread, one at a time
  std::function<void(const std::string&)> on_notice;
  vault::VaultOptions vault;  // for opening what was restored
};

struct RestoreHomeReport {
  VaultId vault;
  std::string vault_folder;
  std::string key_file;  // made here; "" where none was
  Lsn last;
  Timestamp last_time;
  std::uint64_t bytes = 0;  // copied
  std::uint64_t packs = 0, archives = 0;
  bool has_older_keys = false;  // those of the kit, because it does not open the copy's keyring
};

// `conflict` where there is a home with something in it, `wrong_key` where nothing given opens the copy, `damaged`
// where the copy never became whole; "copy.cold" (conflict) where its packs have to be asked for first.
[[nodiscard]] Result<RestoreHomeReport> restore_home(const platform::Machine& machine, RestoreHomeOptions options);

// The same as a rehearsal: the home is built in `options.home`, which must not be there, opened for reading, handed to
// `work`, and removed again. Finished packs are not copied but read where they lie in the copy, so that it takes the
// room of journal and catalog only; the way from there on is the one a real restore goes.
[[nodiscard]] Result<RestoreHomeReport> rehearse_home(const platform::Machine& machine, RestoreHomeOptions options,
                                                      const std::function<Result<void>(vault::Vault&)>& work);

}  // namespace atl::backup
