#include "edge/cli/listing.h"

#include "catalog/entry_kind.h"
#include "foundation/base/units.h"

namespace atl::cli {

using catalog::Listed;

namespace {

std::string days_words(std::uint64_t days) {
  if (days == 0) return "(goes with the next gc)";
  return "(" + std::to_string(days) + (days == 1 ? " day left)" : " days left)");
}

}  // namespace

JsonObject json_of(const std::string& bucket, const Listed& listed) {
  const auto& version = listed.version;
  JsonObject object("object");
  object.add("bucket", bucket)
      .add_path("key", listed.entry.key)
      .add("type", word_of(version.kind))
      .add("size", version.size);
  object.add("modified", format_rfc3339(version.modified)).add("stored", format_rfc3339(version.begin_time));
  object.add("version", version.version.text()).add("lsn", version.begin.value);
  if (!version.tags.empty()) object.add_map("tags", version.tags);
  if (!version.metadata.empty()) object.add_map("metadata", version.metadata);
  if (!version.link_target.empty()) object.add_path("link_target", version.link_target);
  if (listed.entry.is_deleted) object.add("deleted", format_rfc3339(listed.entry.deleted_at));
  return object;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

void print_object(Session& session, const std::string& bucket, const Listed& listed, std::string_view name,
                  bool is_long, std::optional<std::uint64_t> days) {
  if (session.output.is_json) {
    JsonObject object = json_of(bucket, listed);
    if (days) object.add("days_left", *days);
    session.output.json(object);
    return;
  }
  const bool to_people = session.environment.terminal.is_out_terminal();
  std::string text = to_people ? shown(name) : std::string(name);
  if (is_long) {
    std::string time = format_rfc3339(FileTime{listed.version.modified.seconds, 0});
    text = padded(format_size(listed.version.size), 9) + "  " + time + "  " + text;
    if (!listed.version.link_target.empty())
      text += " -> " + (to_people ? shown(listed.version.link_target) : listed.version.link_target);
    if (listed.entry.is_deleted) text += "  (deleted " + format_rfc3339(listed.entry.deleted_at) + ")";
  }
  if (listed.entry.is_deleted && days) text += "  " + days_words(*days);
  session.output.line(text);
}

Result<std::optional<vault::Moment>> moment_of(Session& session, vault::Vault& vault, const std::string& as_of) {
  if (as_of.empty()) return std::nullopt;
  ATOLL_ASSIGN(auto moment, vault::parse_moment(vault, as_of));
  session.output.message("As of " + moment.words + ":");
  return moment;
}

Result<void> say_erased(Session& session, vault::View& view, const BucketId& bucket) {
  ATOLL_ASSIGN(const std::uint64_t erased, view.erased(bucket));
  if (erased == 0) return {};
  session.output.warning("past.erased", format_count(erased) + (erased == 1 ? " object" : " objects") +
                                            " of that time were removed for good since and are missing here");
  return {};
}

}  // namespace atl::cli
