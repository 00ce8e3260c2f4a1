// The two kinds of files behind a SealedVfs: the database and its WAL. See sealed_vfs.h for what is always true.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "catalog/internal/lower_files.h"
#include "catalog/internal/page_seal.h"
#include "catalog/internal/sealed_vfs.h"

namespace atl::catalog {

// What SQLite calls; offsets and sizes are those of clear files.
class SealedFile {
 public:
  SealedFile(SealedVfs& vfs, std::unique_ptr<LowerFile> below) : vfs_(&vfs), below_(std::move(below)) {}
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;
  SealedFile(SealedFile&&) = delete;
  SealedFile& operator=(SealedFile&&) = delete;
  virtual ~SealedFile() = default;
  virtual int read(std::uint64_t offset, ByteSpan out) = 0;
  virtual int write(std::uint64_t offset, ByteView data) = 0;
  virtual int truncate(std::uint64_t size) = 0;
  virtual int sync() = 0;
  virtual int size(std::uint64_t& size) = 0;
  virtual int control(int operation, void* argument) = 0;
  [[nodiscard]] LowerFile& below() { return *below_; }
  [[nodiscard]] bool is_immutable() const;

 protected:
  [[nodiscard]] SealedVfs& vfs() const { return *vfs_; }
  int damaged(std::string what);
  int write_below(std::uint64_t offset, ByteView data);
  int sync_below();

 private:
  SealedVfs* vfs_;
  std::unique_ptr<LowerFile> below_;
};

class WalFile;

class MainFile final : public SealedFile {
 public:
  // Reads the front block, or writes it where the file is new. Null and a note to the VFS where it is not ours.
  [[nodiscard]] static std::unique_ptr<MainFile> open(SealedVfs& vfs, std::unique_ptr<LowerFile> below,
                                                      bool is_writable, bool creates);
  ~MainFile() override;
  MainFile(const MainFile&) = delete;
  MainFile& operator=(const MainFile&) = delete;
  MainFile(MainFile&&) = delete;
  MainFile& operator=(MainFile&&) = delete;

  int read(std::uint64_t offset, ByteSpan out) override;
  int write(std::uint64_t offset, ByteView data) override;
  int truncate(std::uint64_t size) override;
  int sync() override;
  int size(std::uint64_t& size) override;
  int control(int operation, void* argument) override;

  // The mark as it stands on disk now.
  [[nodiscard]] int load_mark(CopyMark& mark);
  // The pages are a whole state without the WAL.
  int mark_complete();
  // They are, and the WAL with these salts goes on from there.
  int mark_begun(const WalSalts& salts);
  void attach(WalFile* wal) { wal_ = wal; }
  [[nodiscard]] const codec::SecretKey& page_key() const { return page_key_; }

 private:
  MainFile(SealedVfs& vfs, std::unique_ptr<LowerFile> below, codec::SecretKey page_key, bool is_writable);
  int mark_copying();
  int write_mark(CopyMark mark);

  codec::SecretKey page_key_;
  PageSeal seal_;
  bool is_writable_;
  CopyMark mark_;
  bool is_mark_current_ = false;  // since the last sync: it covers the pages being written
  WalFile* wal_ = nullptr;        // of the same connection
};

class WalFile final : public SealedFile {
 public:
  // `main` outlives it. Checks that a WAL the database needs is there.
  [[nodiscard]] static std::unique_ptr<WalFile> open(SealedVfs& vfs, std::unique_ptr<LowerFile> below, MainFile& main,
                                                     int& code);
  ~WalFile() override;
  WalFile(const WalFile&) = delete;
  WalFile& operator=(const WalFile&) = delete;
  WalFile(WalFile&&) = delete;
  WalFile& operator=(WalFile&&) = delete;

  int read(std::uint64_t offset, ByteSpan out) override;
  int write(std::uint64_t offset, ByteView data) override;
  int truncate(std::uint64_t size) override;
  int sync() override;
  int size(std::uint64_t& size) override;
  int control(int operation, void* argument) override;

  // Salts of the WAL as it stands, and the end of its last whole transaction.
  int extent(WalSalts& salts, std::uint64_t& bytes);

 private:
  WalFile(SealedVfs& vfs, std::unique_ptr<LowerFile> below, MainFile& main);
  int read_header(ByteSpan out);
  int read_frame(std::uint64_t offset, Frame& clear, bool& is_sealed);
  int write_frame(std::uint64_t offset, const Frame& clear);
  // A frame header that waits for its page: SQLite writes the two one after the other.
  int flush_held();
  int load_salts();
  int may_be_torn(std::uint64_t offset, bool& may_be);

  MainFile* main_;
  PageSeal seal_;
  std::optional<std::uint64_t> held_at_;
  std::array<std::uint8_t, kFrameHeaderBytes> held_{};
  WalSalts salts_{};
  // Once a transaction that outgrew the cache has changed a page it had written out before, SQLite leaves salts and
  // checksums of its later frames zero until it commits. Only this connection reads them.
  bool has_frames_without_salts_ = false;
  std::uint64_t commit_end_ = 0;  // of the last commit frame written here since the WAL was begun; 0: not known
  Frame clear_{};
  Frame sealed_{};
};

}  // namespace atl::catalog
