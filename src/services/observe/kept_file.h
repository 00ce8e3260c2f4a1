// What an observer keeps from one start of a server to the next: one small text in a sealed file beside the control
// vault, `indexes/health/NAME`, which may be deleted.
//
// Always true: it is replaced whole, and sealed under a key of its own with each write. Format: spec/formats/health.md.
// Thread rules: one call at a time for one file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/platform/machine.h"
#include "vault/vault.h"

namespace atl::observe {

[[nodiscard]] std::string health_folder(const vault::Vault& control);

class KeptFile {
 public:
  // `magic`: eight bytes. `machine` and `control` are borrowed.
  KeptFile(const platform::Machine& machine, vault::Vault& control, std::string_view name, std::string_view magic)
      : machine_(machine), control_(control), name_(name), magic_(magic) {}

  [[nodiscard]] Result<void> write(std::string_view text);
  // None where there is no file; `damaged` where it cannot be read. At most 4 MiB.
  [[nodiscard]] Result<std::optional<std::string>> read() const;

 private:
  platform::Machine machine_;
  vault::Vault& control_;
  std::string name_;
  std::string magic_;
};

}  // namespace atl::observe
