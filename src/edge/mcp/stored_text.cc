#include "edge/mcp/stored_text.h"

#include <algorithm>

#include "derived/extract/formats.h"
#include "derived/search/search_index.h"
#include "edge/mcp/answer.h"
#include "vault/object/objects.h"

namespace atl::mcp {
namespace {

// What people write as text, whatever was understood of it besides. A web page is read better than written.
bool is_plain(const extract::Extraction& extraction) {
  const std::string_view group = extract::format_by_id(extraction.format).group;
  const bool is_written = group == "text" || group == "code" || group == "data" || group == "markup";
  return (is_written || extraction.format == "csv" || extraction.format == "tsv") && extraction.format != "html" &&
         extraction.format != "ipynb";
}

// As far as it is UTF-8 without a NUL; none where it is not.
Result<std::optional<std::string>> plain_text(vault::Vault& vault, const catalog::VersionRow& version) {
  if (version.size > kPlainBytesMax) return std::nullopt;
  std::string text;
  text.reserve(version.size);
  ATOLL_TRY(vault::Objects(vault).read(version, 0, version.size, [&](ByteView piece) -> Result<bool> {
    text += as_text(piece);
    return true;
  }));
  if (!is_utf8(text) || text.find('\0') != std::string::npos) return std::nullopt;
  return text;
}

tl::unexpected<Error> no_text(const catalog::Listed& listed, const std::string& why) {
  return fail(ErrorKind::not_found, "text.none", "there is no text of " + quoted(listed.entry.key) + ": " + why,
              "`get` with \"as\": \"bytes\" gives its bytes.");
}

StoredText understood(const extract::Extraction& extraction) {
  StoredText out;
  out.media_type = extraction.media_type;
  out.is_cut_off = extraction.is_truncated;
  for (const auto& piece : extraction.pieces) {
    if (!piece.text.empty()) out.pieces.push_back(piece);
  }
  return out;
}

}  // namespace

Result<StoredText> stored_text(rest::Call& call, const catalog::Listed& listed, const std::string& inside) {
  const auto& version = listed.version;
  if (version.kind != catalog::EntryKind::file) return no_text(listed, "it is no file");
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  std::optional<extract::Extraction> extraction;
  if (const auto index = call.search(); index) {
    ATOLL_ASSIGN(extraction, (*index)->extraction_of(listed));
  }
  if (!inside.empty()) {
    const auto* const members = extraction ? &extraction->members : nullptr;
    const auto found = members == nullptr ? std::vector<extract::Member>::const_iterator()
                                          : std::ranges::find(*members, inside, &extract::Member::path);
    if (members == nullptr || found == members->end() || found->understood.empty()) {
      return fail(ErrorKind::not_found, "text.no_member",
                  "nothing is known of " + quoted(inside) + " inside " + quoted(listed.entry.key),
                  "`find` names what is inside of others.");
    }
    StoredText out = understood(found->understood.front());
    if (out.pieces.empty()) return no_text(listed, quoted(inside) + " has none");
    return out;
  }
  if (!extraction || is_plain(*extraction) || extraction->pieces.empty()) {
    ATOLL_ASSIGN(auto text, plain_text(*vault, version));
    if (text && !text->empty()) {
      StoredText out;
      out.is_plain = true;
      out.media_type = extraction                     ? extraction->media_type
                       : version.content_type.empty() ? std::string("text/plain")
                                                      : version.content_type;
      out.pieces.push_back({{}, std::move(*text)});
      return out;
    }
  }
  if (version.size == 0) return no_text(listed, "it is empty");
  if (!extraction) return no_text(listed, "it was not looked into yet");
  StoredText out = understood(*extraction);
  if (!out.pieces.empty()) return out;
  return no_text(
      listed, extraction->trouble.empty() ? "it is " + extraction->media_type + " without words" : extraction->trouble);
}

std::uint64_t line_at(std::string_view text, std::size_t offset) {
  return 1 + static_cast<std::uint64_t>(std::ranges::count(text.substr(0, offset), '\n'));
}

}  // namespace atl::mcp
