// log, diff, rollback, snapshot: what was, and back to it.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "foundation/base/units.h"
#include "vault/history/command_log.h"
#include "vault/history/object_difference.h"
#include "vault/history/rollback.h"
#include "vault/history/snapshots.h"
#include "vault/object/objects.h"

namespace atl::cli {
namespace {

using catalog::Listed;
using catalog::VersionRow;

constexpr std::size_t kIdShown = 18;  // enough of a version's id to name it: the time and some chance

std::string short_id(const VersionId& id) { return id.text().substr(0, kIdShown); }

// What a version changed beside the one before it.
std::string change_words(const VersionRow& version, const VersionRow* before) {
  if (before == nullptr || before->end != version.begin) return before == nullptr ? "created" : "came back";
  std::vector<std::string> words;
  if (!(version.content == before->content) || version.size != before->size) words.emplace_back("content");
  if (version.metadata != before->metadata) words.emplace_back("metadata");
  if (version.mode != before->mode) words.emplace_back("mode");
  if (version.uid != before->uid || version.gid != before->gid) words.emplace_back("owner");
  if (version.attributes != before->attributes) words.emplace_back("attributes");
  if (version.kind != before->kind || version.link_target != before->link_target) words.emplace_back("kind");
  if (words.empty() && version.modified != before->modified) words.emplace_back("time");
  if (words.empty()) words.emplace_back("words");
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

struct LogArguments {
  std::string address;
  std::uint64_t limit = 30;
  std::string since;
};

void print_version(Session& session, const catalog::BucketRow& bucket, const std::string& key,
                   const VersionRow& version, const VersionRow* before) {
  const std::string what = change_words(version, before);
  if (session.output.is_json) {
    JsonObject line("version");
    line.add("bucket", bucket.name).add_path("key", key).add("version", version.version.text());
    line.add("size", version.size).add("began", format_rfc3339(version.begin_time)).add("lsn", version.begin.value);
    if (version.end.value != 0) line.add("ended", format_rfc3339(version.end_time)).add("end_lsn", version.end.value);
    line.add("actor", version.actor).add("changed", what);
    if (!version.label.empty()) line.add("label", version.label);
    if (!version.author.empty()) line.add("author", version.author);
    if (!version.description.empty()) line.add("description", version.description);
    if (!version.transformation.empty()) line.add("transformation", version.transformation);
    session.output.json(line);
    return;
  }
  std::string text = format_rfc3339(version.begin_time) + "  " + short_id(version.version) + "  " +
                     format_size(version.size) + "  " + version.actor + "  " + what;
  if (!version.label.empty()) text += "  " + shown(version.label);
  if (!version.description.empty()) text += "  " + shown(version.description);
  if (version.end.value == 0) text += "  " + session.output.green("current");
  session.output.line(text);
}

// All versions, or the one named `only`; a page at a time, so that a million of them need no room.
Result<int> log_object(Session& session, vault::Vault& vault, const catalog::BucketRow& bucket, const std::string& key,
                       const catalog::EntryRow& entry, const LogArguments& arguments, std::optional<Timestamp> since,
                       const std::optional<VersionRow>& only) {
  constexpr std::uint64_t kPageVersions = 1000;
  const auto reader = vault.reader();
  if (entry.is_deleted && !only && !session.output.is_json && (!since || entry.deleted_at >= *since)) {
    session.output.line(format_rfc3339(entry.deleted_at) + "  removed (change " +
                        std::to_string(entry.deleted_lsn.value) + ")");
  }
  std::optional<Lsn> before;
  if (only) before = only->begin.next();
  std::uint64_t left = only ? 1 : arguments.limit == 0 ? UINT64_MAX : arguments.limit;
  while (left > 0) {
    const std::uint64_t shown_at_most = std::min(left, kPageVersions);
    ATOLL_ASSIGN(const auto versions, vault::newest_versions(*reader, entry, before, shown_at_most + 1));
    for (std::size_t i = 0; i < std::min<std::size_t>(versions.size(), shown_at_most); ++i) {
      if (since && versions[i].begin_time < *since) return kExitOk;
      print_version(session, bucket, key, versions[i], i + 1 < versions.size() ? &versions[i + 1] : nullptr);
      before = versions[i].begin;
      --left;
    }
    if (versions.size() <= shown_at_most) break;
  }
  return kExitOk;
}

void print_command(Session& session, const vault::CommandLine& line) {
  const journal::Envelope& envelope = line.envelope;
  if (session.output.is_json) {
    JsonObject object("change");
    object.add("lsn", envelope.lsn.value).add("time", format_rfc3339(envelope.commit_time));
    object.add("actor", envelope.actor).add("kind", journal::name_of(envelope.kind));
    object.add("stored", line.stored).add("removed", line.removed).add("described", line.described);
    if (!envelope.operation.is_none()) object.add("operation", envelope.operation.text());
    if (!line.first_key.empty()) object.add_path("first_key", line.first_key);
    session.output.json(object);
    return;
  }
  std::string what;
  const auto add = [&](std::uint64_t count, const char* word) {
    if (count > 0) what += (what.empty() ? "" : ", ") + format_count(count) + " " + word;
  };
  add(line.stored, "stored");
  add(line.removed, "removed");
  add(line.described, "described");
  session.output.line(
      format_rfc3339(envelope.commit_time) + "  " + std::to_string(envelope.lsn.value) + "  " + envelope.actor + "  " +
      what +
      (line.first_key.empty() ? "" : "  " + shown(line.first_key) + (line.stored + line.removed > 1 ? " …" : "")));
}

// One line for each command that touched the bucket or prefix, newest first.
Result<int> log_commands(Session& session, vault::Vault& vault, const catalog::BucketRow& bucket,
                         const std::string& prefix, std::uint64_t limit, std::optional<Timestamp> since) {
  std::uint64_t shown_count = 0;
  bool is_cut_off = false;
  ATOLL_ASSIGN(const Lsn first, vault::for_each_command(
                                    vault, bucket.id, prefix, {}, [&](const vault::CommandLine& line) -> Result<bool> {
                                      is_cut_off = since && line.envelope.commit_time < *since;
                                      if (is_cut_off) return false;
                                      print_command(session, line);
                                      is_cut_off = ++shown_count == limit || session.output.is_closed();
                                      return !is_cut_off;
                                    }));
  if (first.value > 1 && !is_cut_off && !session.output.is_json) {
    session.output.message("Changes before " + std::to_string(first.value) +
                           " are past the horizon; versions of a single object go further back: atoll log " +
                           bucket.name + "/KEY");
  }
  return kExitOk;
}

Result<int> log(Session& session, const LogArguments& arguments) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(address.bucket));
    std::optional<Timestamp> since;
    if (!arguments.since.empty()) {
      // Since a day means from its beginning; as of a day, at its end.
      if (const auto time = parse_rfc3339(arguments.since)) {
        since = Timestamp{time->seconds * 1'000'000 + time->nanoseconds / 1000};
      } else if (const auto ago = parse_duration_s(arguments.since)) {
        since = Timestamp{session.environment.machine.clock.now().unix_us - *ago * 1'000'000};
      } else {
        return fail(ErrorKind::usage, "log.since_time", "--since takes a time: 2026-11-13, or 3d (ago)");
      }
    }
    const auto reader = vault.reader();
    if (!address.key.empty() && !address.key.ends_with('/')) {
      ATOLL_ASSIGN(const auto split, vault::split_version(*reader, bucket.id, address.key));
      ATOLL_ASSIGN(const auto entry, reader->entry(bucket.id, split.key));
      std::optional<VersionRow> only;
      if (!split.version.empty()) {
        ATOLL_ASSIGN(auto found, vault::find_version(*reader, bucket, split.key, split.version));
        only = std::move(found.version);
      }
      if (entry) return log_object(session, vault, bucket, split.key, *entry, arguments, since, only);
    }
    const std::string prefix = address.key.empty() || address.key.ends_with('/') ? address.key : address.key + "/";
    return log_commands(session, vault, bucket, prefix, arguments.limit, since);
  });
}

struct DiffArguments {
  std::string address, other;
  std::string from, to;
  std::string row_column;
  bool shows_lines = false;
};

void say_fact(Session& session, const char* what, const std::string& before, const std::string& after) {
  if (before != after) session.output.line(std::string(what) + ": " + shown(before) + " -> " + shown(after));
}

std::string octal(std::uint32_t mode) {
  std::string text;
  for (; mode > 0; mode /= 8) text.insert(text.begin(), static_cast<char>('0' + mode % 8));
  return "0" + text;
}

std::string labels(const std::map<std::string, std::string>& map) {
  std::string text;
  for (const auto& [name, value] : map) text += (text.empty() ? "" : ", ") + name + "=" + value;
  return text;
}

std::string json_names(const std::vector<std::string>& names) {
  std::vector<std::string> list;
  for (const std::string& name : names) list.push_back(json_quote(name));
  return json_array(list);
}

std::string table_json(const vault::TableDifference& table) {
  JsonObject out;
  out.add_raw("columns_added", json_names(table.columns_added));
  out.add_raw("columns_removed", json_names(table.columns_removed));
  out.add_raw("types_changed", json_names(table.types_changed));
  if (!table.row_column.empty()) out.add("row_column", table.row_column);
  out.add("rows_before", table.rows_before).add("rows_after", table.rows_after);
  out.add("rows_added", table.rows_added).add("rows_removed", table.rows_removed);
  out.add("rows_changed", table.rows_changed).add("cells_changed", table.cells_changed);
  std::vector<std::string> rows;
  for (const vault::RowChange& row : table.rows) {
    JsonObject line;
    line.add("kind", vault::name_of(row.kind)).add("row", row.row);
    std::vector<std::string> cells;
    for (const auto& cell : row.cells) {
      cells.push_back(
          JsonObject().add("column", cell.column).add("before", cell.before).add("after", cell.after).text());
    }
    if (!cells.empty()) line.add_raw("cells", json_array(cells));
    rows.push_back(line.text());
  }
  out.add_raw("rows", json_array(rows)).add("is_cut_off", table.is_cut_off).add("is_compatible", table.is_compatible());
  return out.text();
}

void say_names(Session& session, const char* what, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + shown(name);
  if (!list.empty()) session.output.line(std::string(what) + ": " + list);
}

void say_table(Session& session, const vault::TableDifference& table) {
  say_names(session, "columns added", table.columns_added);
  say_names(session, "columns removed", table.columns_removed);
  say_names(session, "columns with another type", table.types_changed);
  session.output.line("rows: " + format_count(table.rows_before) + " -> " + format_count(table.rows_after) + ": " +
                      format_count(table.rows_added) + " added, " + format_count(table.rows_removed) + " removed, " +
                      format_count(table.rows_changed) + " changed" +
                      (table.row_column.empty() ? ", matched in order" : ", matched by " + shown(table.row_column)));
  constexpr std::size_t kRowsShown = 20;
  const std::size_t count = session.output.verbosity > 0 ? table.rows.size() : std::min(table.rows.size(), kRowsShown);
  const std::string name = table.row_column.empty() ? "row " : shown(table.row_column) + "=";
  for (const vault::RowChange& row : std::span(table.rows).first(count)) {
    const char* const sign = row.kind == vault::RowChange::Kind::added     ? "+ "
                             : row.kind == vault::RowChange::Kind::removed ? "- "
                                                                           : "M ";
    std::string cells;
    for (const auto& cell : row.cells) {
      cells +=
          (cells.empty() ? "  " : "; ") + shown(cell.column) + ": " + shown(cell.before) + " -> " + shown(cell.after);
    }
    session.output.line(sign + name + shown(row.row) + cells);
  }
  const std::uint64_t all = table.rows_added + table.rows_removed + table.rows_changed;
  if (all > count) {
    session.output.message(format_count(all - count) + " more rows differ" +
                           (table.rows.size() > count ? "; -v shows them" : "; --lines shows them as lines"));
  }
}

// Exit 0 where they are the same, 1 where they differ, as diff(1).
Result<int> diff_versions(Session& session, vault::Vault& vault, const DiffArguments& arguments, const std::string& key,
                          const VersionRow& before, const VersionRow& after) {
  constexpr std::size_t kRowsMax = 10'000;
  ATOLL_ASSIGN(const vault::ObjectDifference found,
               vault::diff_objects(vault.chunks(), key, before, after, arguments.row_column, kRowsMax));
  const bool same_content = found.is_same_content;
  const auto& lines = found.lines;
  const auto& ranges = found.ranges;
  const bool same_words = before.metadata == after.metadata && before.tags == after.tags && before.label == after.label;
  const bool same_facts = before.mode == after.mode && before.modified == after.modified && before.uid == after.uid &&
                          before.gid == after.gid && before.link_target == after.link_target;
  if (session.output.is_json) {
    JsonObject object("object_diff");
    object.add("before", before.version.text()).add("after", after.version.text());
    object.add("size_before", before.size).add("size_after", after.size).add("same_content", same_content);
    if (found.table) object.add_raw("table", table_json(*found.table));
    if (lines) object.add("lines", *lines);
    if (ranges) {
      object.add("shared_bytes", ranges->shared_bytes).add("changed_bytes", ranges->changed_bytes);
      std::vector<std::string> list;
      for (const auto& range : ranges->changed)
        list.push_back(JsonObject().add("offset", range.offset).add("length", range.length).text());
      object.add_raw("changed", json_array(list));
    }
    object.add_map("metadata_before", before.metadata).add_map("metadata_after", after.metadata);
    session.output.json(object);
  } else {
    say_fact(session, "size", format_size(before.size), format_size(after.size));
    say_fact(session, "modified", format_rfc3339(before.modified), format_rfc3339(after.modified));
    say_fact(session, "mode", octal(before.mode), octal(after.mode));
    say_fact(session, "owner", std::to_string(before.uid) + ":" + std::to_string(before.gid),
             std::to_string(after.uid) + ":" + std::to_string(after.gid));
    say_fact(session, "link", before.link_target, after.link_target);
    say_fact(session, "metadata", labels(before.metadata), labels(after.metadata));
    say_fact(session, "label", before.label, after.label);
    if (found.table) say_table(session, *found.table);
    if (lines && (arguments.shows_lines || !found.table)) session.output.data(*lines);
    if (ranges) {
      session.output.line("content: " + format_size(ranges->shared_bytes) + " shared, " +
                          format_size(ranges->changed_bytes) + " changed");
      constexpr std::size_t kRangesShown = 20;
      for (std::size_t i = 0; i < ranges->changed.size() && (i < kRangesShown || session.output.verbosity > 0); ++i) {
        session.output.line("  bytes " + std::to_string(ranges->changed[i].offset) + " to " +
                            std::to_string(ranges->changed[i].offset + ranges->changed[i].length - 1));
      }
      if (ranges->changed.size() > kRangesShown && session.output.verbosity == 0)
        session.output.message(std::to_string(ranges->changed.size() - kRangesShown) + " more ranges; -v shows them");
    }
  }
  return same_content && same_words && same_facts ? kExitOk : kExitFailed;
}

Result<int> diff_folders(Session& session, vault::View& before, vault::View& after, const catalog::BucketRow& bucket,
                         const std::string& prefix) {
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
  ATOLL_TRY(vault::diff_names(before, after, bucket.id, prefix, [&](const vault::Difference& one) -> Result<bool> {
    const Listed& listed = one.after != nullptr ? *one.after : *one.before;
    const char* kind = "changed";
    char sign = 'M';
    if (one.kind == vault::Difference::Kind::added) {
      kind = "added";
      sign = '+';
      ++added;
    } else if (one.kind == vault::Difference::Kind::removed) {
      kind = "removed";
      sign = '-';
      ++removed;
    } else {
      ++changed;
    }
    std::string what;
    if (one.is_content) what += " content";
    if (one.is_facts) what += " facts";
    if (one.is_words) what += " words";
    if (session.output.is_json) {
      JsonObject object("difference");
      object.add("kind", kind).add("bucket", bucket.name).add_path("key", listed.entry.key);
      if (one.before != nullptr) object.add("size_before", one.before->version.size);
      if (one.after != nullptr) object.add("size_after", one.after->version.size);
      if (!what.empty()) object.add("changed", what.substr(1));
      session.output.json(object);
    } else {
      session.output.line(std::string(1, sign) + " " + shown(listed.entry.key) +
                          (what.empty() ? "" : "  (" + what.substr(1) + ")"));
    }
    return !session.output.is_closed() && !session.environment.stop.load();
  }));
  if (session.output.is_json) {
    session.output.json(JsonObject("summary").add("added", added).add("removed", removed).add("changed", changed));
  } else {
    session.output.message(format_count(added) + " added, " + format_count(removed) + " removed, " +
                           format_count(changed) + " changed");
  }
  return added + removed + changed == 0 ? kExitOk : kExitFailed;
}

Result<int> diff(Session& session, const DiffArguments& arguments) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    const auto reader = vault.reader();
    const auto view_at = [&](const std::string& text) -> Result<vault::View> {
      if (text.empty()) return vault::View(*reader, std::nullopt);
      ATOLL_ASSIGN(auto moment, vault::parse_moment(vault, text));
      return vault::View(*reader, std::move(moment));
    };
    ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(address.bucket));
    ATOLL_ASSIGN(const auto split, vault::split_version(*reader, bucket.id, address.key));
    if (arguments.from.empty() && arguments.other.empty() && !split.version.empty()) {
      // A version, and the current one.
      ATOLL_ASSIGN(const Listed one, vault::find_version(*reader, bucket, split.key, split.version));
      ATOLL_ASSIGN(const auto two, reader->current(bucket.id, split.key));
      if (two) return diff_versions(session, vault, arguments, split.key, one.version, two->version);
      return fail(ErrorKind::not_found, "object.not_found", "there is no object " + address.bucket + "/" + split.key,
                  "`atoll log` lists what was.");
    }
    if (arguments.from.empty() && arguments.other.empty()) {
      return fail(ErrorKind::usage, "diff.what", "diff needs two states",
                  "Write: atoll diff BUCKET --from 1d, or: atoll diff BUCKET/a BUCKET/b");
    }
    ATOLL_ASSIGN(vault::View before, view_at(arguments.from));
    ATOLL_ASSIGN(vault::View after, view_at(arguments.to));
    const auto object_in = [&](vault::View& view, const vault::Address& at) -> Result<Listed> {
      ATOLL_ASSIGN(const auto in, view.bucket(at.bucket));
      if (!view.moment()) {
        ATOLL_ASSIGN(const auto named, vault::split_version(*reader, in.id, at.key));
        if (!named.version.empty()) return vault::find_version(*reader, in, named.key, named.version);
      }
      ATOLL_ASSIGN(auto found, view.current(in.id, at.key));
      if (found) return std::move(*found);
      return fail(
          ErrorKind::not_found, "object.not_found",
          "there is no object " + at.bucket + "/" + at.key + (view.moment() ? " as of " + view.moment()->words : ""),
          "`atoll log` lists what was.");
    };
    if (!arguments.other.empty()) {
      ATOLL_ASSIGN(const auto other, vault::parse_address(arguments.other));
      ATOLL_ASSIGN(const Listed one, object_in(before, address));
      ATOLL_ASSIGN(const Listed two, object_in(after, other));
      return diff_versions(session, vault, arguments, two.entry.key, one.version, two.version);
    }
    if (!address.key.empty() && !address.key.ends_with('/')) {
      ATOLL_ASSIGN(const auto entry, reader->entry(bucket.id, address.key));
      if (entry) {
        // A state in which it was missing is told as a difference of names.
        ATOLL_ASSIGN(const auto one, before.current(bucket.id, address.key));
        ATOLL_ASSIGN(const auto two, after.current(bucket.id, address.key));
        if (one && two) return diff_versions(session, vault, arguments, two->entry.key, one->version, two->version);
        return diff_folders(session, before, after, bucket, address.key);
      }
    }
    const std::string prefix = address.key.empty() || address.key.ends_with('/') ? address.key : address.key + "/";
    return diff_folders(session, before, after, bucket, prefix);
  });
}

Result<int> roll_back(Session& session, const std::string& text, const std::string& to) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(text));
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto plan, vault::plan_rollback(vault, address.bucket, address.key, to));
    const std::string which = short_id(plan.version.version) + " of " + format_rfc3339(plan.version.begin_time) + " (" +
                              format_size(plan.version.size) + ")";
    if (plan.is_current) {
      session.output.message(text + " already is version " + which);
    } else if (!session.options.is_dry_run) {
      ATOLL_TRY(vault::roll_back(vault, plan));
    }
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("version", plan.version.version.text())
                              .add("changed", !plan.is_current)
                              .add("dry_run", session.options.is_dry_run));
    } else if (!plan.is_current) {
      session.output.message(std::string(session.options.is_dry_run ? "Would bring back" : "Brought back") +
                             " version " + which + " of " + text +
                             " as its newest one; what was there stays in its history");
    }
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

// Snapshots

void print_snapshot(Session& session, const catalog::SnapshotRow& row, const std::string& bucket) {
  if (session.output.is_json) {
    JsonObject line("snapshot");
    line.add("name", row.name).add("bucket", bucket).add_path("prefix", row.prefix).add("lsn", row.lsn.value);
    line.add("time", format_rfc3339(row.time)).add("created", format_rfc3339(row.created)).add("actor", row.actor);
    line.add("objects", row.objects).add("bytes", row.bytes).add("is_held", row.is_held);
    if (!row.hold_reason.empty()) line.add("hold_reason", row.hold_reason);
    if (!row.description.empty()) line.add("description", row.description);
    session.output.json(line);
    return;
  }
  std::string text = row.name + "  " + format_rfc3339(row.time) + "  " + bucket +
                     (row.prefix.empty() ? "" : "/" + shown(row.prefix)) + "  " + format_count(row.objects) +
                     " objects, " + format_size(row.bytes) + "  change " + std::to_string(row.lsn.value);
  if (row.is_held) text += "  held" + (row.hold_reason.empty() ? "" : " (" + shown(row.hold_reason) + ")");
  if (!row.description.empty()) text += "  " + shown(row.description);
  session.output.line(text);
}

Result<std::string> bucket_name(catalog::CatalogReader& reader, const BucketId& id) {
  ATOLL_ASSIGN(const auto bucket, reader.bucket(id));
  return bucket ? bucket->name : "(removed bucket)";
}

struct SnapshotArguments {
  vault::NewSnapshot wanted;
  std::string address, as_of, name, reason;
  vault::KeepSnapshots keep;
  std::string within;
};

Result<int> create_snapshot(Session& session, SnapshotArguments arguments) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  arguments.wanted.bucket = address.bucket;
  arguments.wanted.prefix = address.key.empty() || address.key.ends_with('/') ? address.key : address.key + "/";
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    if (!arguments.as_of.empty()) {
      ATOLL_ASSIGN(arguments.wanted.as_of, vault::parse_moment(vault, arguments.as_of));
    }
    ATOLL_ASSIGN(const auto made, vault::create_snapshot(vault, arguments.wanted));
    if (session.output.is_json) {
      print_snapshot(session, made, address.bucket);
    } else {
      session.output.line("Snapshot " + made.name + ": " + format_count(made.objects) + " objects, " +
                          format_size(made.bytes) + ", frozen at change " + std::to_string(made.lsn.value) +
                          ". Read it with --as-of " + made.name);
    }
    return kExitOk;
  });
}

Result<int> list_snapshots(Session& session, const std::string& bucket) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    const auto reader = vault.reader();
    ATOLL_ASSIGN(const auto rows, reader->all<catalog::SnapshotRow>());
    std::uint64_t count = 0;
    for (const auto& row : rows) {
      ATOLL_ASSIGN(const std::string name, bucket_name(*reader, row.bucket));
      if (!bucket.empty() && name != bucket) continue;
      print_snapshot(session, row, name);
      ++count;
    }
    if (count == 0) session.output.message("No snapshots. atoll snapshot create NAME BUCKET");
    return kExitOk;
  });
}

Result<int> prune_snapshots(Session& session, SnapshotArguments arguments) {
  if (!arguments.within.empty()) {
    ATOLL_ASSIGN(const std::int64_t seconds, parse_duration_s(arguments.within));
    arguments.keep.within_seconds = static_cast<std::uint64_t>(seconds);
  }
  if (!arguments.keep.keeps_something()) {
    return fail(ErrorKind::usage, "snapshot.keep_nothing", "prune needs to know what to keep",
                "For example: --keep-daily 7 --keep-monthly 12");
  }
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(arguments.address));
    const auto reader = vault.reader();
    ATOLL_ASSIGN(auto rows, reader->all<catalog::SnapshotRow>());
    std::erase_if(rows, [&](const auto& row) { return row.bucket != bucket.id; });
    const std::size_t all = rows.size();
    const auto gone = vault::snapshots_to_prune(std::move(rows), arguments.keep);
    for (const auto& row : gone) print_snapshot(session, row, bucket.name);
    if (!session.options.is_dry_run && !gone.empty()) {
      ATOLL_ASSIGN(const bool goes_on, session.confirm("Remove these " + std::to_string(gone.size()) + " snapshots?"));
      if (!goes_on) return kExitFailed;
      for (const auto& row : gone) ATOLL_TRY(vault::delete_snapshot(vault, row.name));
    }
    if (session.output.is_json) {
      session.output.json(JsonObject("summary")
                              .add("removed", std::uint64_t{gone.size()})
                              .add("kept", std::uint64_t{all - gone.size()})
                              .add("dry_run", session.options.is_dry_run));
    } else {
      session.output.message(std::string(session.options.is_dry_run ? "Would remove " : "Removed ") +
                             std::to_string(gone.size()) + " snapshots, kept " + std::to_string(all - gone.size()));
    }
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

void add_snapshot_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* snapshot = app.add_subcommand("snapshot", "Frozen, named states of a bucket or folder");
  snapshot->require_subcommand(1);
  auto create_arguments = std::make_shared<SnapshotArguments>();
  auto* create = snapshot->add_subcommand("create", "Freezes BUCKET[/prefix] under a name");
  create->add_option("name", create_arguments->wanted.name, "its name")->required();
  create->add_option("address", create_arguments->address, "BUCKET[/prefix]")->required();
  create->add_option("--description", create_arguments->wanted.description, "what it is for");
  create->add_option("--as-of", create_arguments->as_of, "as it was then, not as it is now");
  create->add_flag("--hold", create_arguments->wanted.is_held, "removed by nobody until it is released");
  create->callback([&session, &chosen, create_arguments] {
    chosen.body = [&session, create_arguments] { return create_snapshot(session, *create_arguments); };
  });
  auto bucket = std::make_shared<std::string>();
  auto* list = snapshot->add_subcommand("list", "Every snapshot, or those of a bucket");
  list->add_option("bucket", *bucket, "BUCKET");
  list->callback(
      [&session, &chosen, bucket] { chosen.body = [&session, bucket] { return list_snapshots(session, *bucket); }; });
  for (const char* verb : {"show", "hold", "release", "delete"}) {
    const std::string_view word(verb);
    auto arguments = std::make_shared<SnapshotArguments>();
    auto* command = snapshot->add_subcommand(verb, word == "show"      ? "One snapshot"
                                                   : word == "hold"    ? "Nobody removes it until it is released"
                                                   : word == "release" ? "Ends a hold"
                                                                       : "Removes the name; what it froze may go then");
    command->add_option("name", arguments->name, "the snapshot's name")->required();
    if (word == "hold") command->add_option("--reason", arguments->reason, "why");
    command->callback([&session, &chosen, arguments, word] {
      chosen.body = [&session, arguments, word]() -> Result<int> {
        if (word == "show") {
          return session.with_reader([&](vault::Vault& vault) -> Result<int> {
            ATOLL_ASSIGN(const auto row, vault::find_snapshot(vault, arguments->name));
            ATOLL_ASSIGN(const std::string name, bucket_name(*vault.reader(), row.bucket));
            print_snapshot(session, row, name);
            return kExitOk;
          });
        }
        return session.with_writer([&](vault::Vault& vault) -> Result<int> {
          if (word == "delete") {
            ATOLL_TRY(vault::delete_snapshot(vault, arguments->name));
          } else {
            ATOLL_TRY(vault::hold_snapshot(vault, arguments->name, word == "hold", arguments->reason));
          }
          return kExitOk;
        });
      };
    });
  }
  auto prune_arguments = std::make_shared<SnapshotArguments>();
  auto* prune = snapshot->add_subcommand("prune", "Removes snapshots of a bucket that no rule keeps");
  prune->add_option("bucket", prune_arguments->address, "BUCKET")->required();
  prune->add_option("--keep-last", prune_arguments->keep.last, "the newest so many");
  prune->add_option("--keep-hourly", prune_arguments->keep.hourly, "the newest of each of the last so many hours");
  prune->add_option("--keep-daily", prune_arguments->keep.daily, "… days");
  prune->add_option("--keep-weekly", prune_arguments->keep.weekly, "… weeks");
  prune->add_option("--keep-monthly", prune_arguments->keep.monthly, "… months");
  prune->add_option("--keep-yearly", prune_arguments->keep.yearly, "… years");
  prune->add_option("--keep-within", prune_arguments->within, "all within this time before the newest: 30d");
  prune->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would go");
  prune->callback([&session, &chosen, prune_arguments] {
    chosen.body = [&session, prune_arguments] { return prune_snapshots(session, *prune_arguments); };
  });
}

}  // namespace

void add_history_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto log_arguments = std::make_shared<LogArguments>();
  auto* log_command = app.add_subcommand("log", "What changed a bucket or folder; the versions of an object");
  log_command->add_option("address", log_arguments->address, "BUCKET[/prefix], BUCKET/key")->required();
  log_command->add_option("--limit", log_arguments->limit, "the newest so many (30; 0: all)");
  log_command->add_option("--since", log_arguments->since, "not older: 2026-11-13, 3d");
  log_command->callback([&session, &chosen, log_arguments] {
    chosen.body = [&session, log_arguments] { return log(session, *log_arguments); };
  });
  auto diff_arguments = std::make_shared<DiffArguments>();
  auto* diff_command = app.add_subcommand("diff", "What differs between two states (exit 1 where something does)");
  diff_command->add_option("address", diff_arguments->address, "BUCKET[/prefix], BUCKET/key")->required();
  diff_command->add_option("other", diff_arguments->other, "another BUCKET/key to compare with");
  diff_command->add_option("--from", diff_arguments->from, "the older state: a time, 1d (ago), a change, a snapshot");
  diff_command->add_option("--to", diff_arguments->to, "the newer one; now");
  diff_command->add_option("--row-column", diff_arguments->row_column,
                           "of tables: the column that tells rows apart; the first one, where it does");
  diff_command->add_flag("--lines", diff_arguments->shows_lines, "of tables: also the lines that differ");
  diff_command->callback([&session, &chosen, diff_arguments] {
    chosen.body = [&session, diff_arguments] { return diff(session, *diff_arguments); };
  });
  auto address = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  auto* rollback = app.add_subcommand("rollback", "Makes an older version of an object its newest again");
  rollback->add_option("address", *address, "BUCKET/key; of folders and buckets: atoll rewind")->required();
  rollback->add_option("--to", *to, "a version's id or label, or a moment; the one before otherwise");
  rollback->add_flag("-n,--dry-run", session.options.is_dry_run, "only say which version it would be");
  rollback->callback([&session, &chosen, address, to] {
    chosen.body = [&session, address, to] { return roll_back(session, *address, *to); };
  });
  add_snapshot_commands(app, session, chosen);
}

}  // namespace atl::cli
