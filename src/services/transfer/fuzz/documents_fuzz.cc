// JSON from elsewhere, and what goes between the processes: no crash, and a line that is understood is written the
// same.
#include <cstdlib>

#include "services/transfer/metadata_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::transfer;
  const std::string_view text = as_text({data, size});
  static_cast<void>(parse_takeout(text));
  static_cast<void>(parse_restic_snapshots(text));
  static_cast<void>(decode_entry({data, size}));
  static_cast<void>(decode_holes({data, size}));
  if (const auto entry = parse_line(text)) {
    const auto again = parse_line(write_line(entry->path, entry->version, entry->file, entry->parameter));
    if (!again || again->path != entry->path || catalog::encode(again->version) != catalog::encode(entry->version))
      std::abort();
  }
  for (const bool is_folder : {false, true}) {
    const std::string key = safe_key(text, is_folder, "in/").key;
    if (!key.empty() && (!key.starts_with("in/") || ("/" + key + "/").find("/../") != std::string::npos)) std::abort();
  }
  return 0;
}
