// get ls cat rm mv cp tag: objects by name.
#include <CLI/CLI.hpp>

#include "catalog/entry_kind.h"
#include "derived/extract/member.h"
#include "edge/cli/commands.h"
#include "edge/cli/listing.h"
#include "foundation/base/units.h"
#include "vault/folder/restore.h"
#include "vault/history/past.h"
#include "vault/keeping/policy.h"
#include "vault/tier/rules.h"

namespace atl::cli {
namespace {

using catalog::EntryKind;
using catalog::Listed;

// Which state of an object is meant: at most one of the two.
struct Which {
  std::string as_of;
  std::string version;  // id, its beginning, or label
};

Result<Listed> find_one(Session& session, vault::Vault& vault, const vault::Address& address, const Which& which) {
  if (!which.as_of.empty() && !which.version.empty())
    return fail(ErrorKind::usage, "which.both", "--as-of and --version say two different things");
  const auto reader = vault.reader();
  ATOLL_ASSIGN(auto moment, moment_of(session, vault, which.as_of));
  const bool is_now = !moment;
  vault::View view(*reader, std::move(moment));
  ATOLL_ASSIGN(const auto bucket, view.bucket(address.bucket));
  if (!which.version.empty()) return vault::find_version(*reader, bucket, address.key, which.version);
  if (is_now) {
    ATOLL_ASSIGN(const auto split, vault::split_version(*reader, bucket.id, address.key));
    if (!split.version.empty()) return vault::find_version(*reader, bucket, split.key, split.version);
  }
  ATOLL_ASSIGN(auto found, view.current(bucket.id, address.key));
  if (found) return std::move(*found);
  return fail(ErrorKind::not_found, "object.not_found",
              "there is no object " + address.bucket + "/" + address.key + (is_now ? "" : " at that time"),
              "`atoll ls " + address.bucket + "` lists what is there; `atoll log` what was.");
}

// An object, or what lies inside of one: "photos/a.zip!/b.jpg".
struct Content {
  Listed listed;
  std::string member;  // path inside; empty: the object itself
};

// A key that has the mark in its own name comes first.
Result<Content> find_content(Session& session, vault::Vault& vault, const vault::Address& address, const Which& which) {
  auto found = find_one(session, vault, address, which);
  if (found) return Content{std::move(*found), {}};
  if (found.error().id != "object.not_found") return pass(std::move(found).error());
  for (const auto& place : extract::member_addresses(address.key)) {
    vault::Address archive = address;
    archive.key = std::string(place.key);
    auto holder = find_one(session, vault, archive, which);
    if (holder && holder->version.kind == EntryKind::file) return Content{std::move(*holder), std::string(place.path)};
    if (!holder && holder.error().id != "object.not_found") return pass(std::move(holder).error());
  }
  return pass(std::move(found).error());
}

// Every byte in order; `visit` returns false to stop.
Result<void> read_content(Session& session, vault::Vault& vault, const Content& content, FileTime& modified,
                          const std::function<Result<bool>(ByteView)>& visit) {
  const catalog::VersionRow& version = content.listed.version;
  if (content.member.empty()) {
    modified = version.modified;
    return vault::Objects(vault).read(version, 0, version.size, visit);
  }
  extract::Source source;
  source.name = content.listed.entry.key;
  source.size = version.size;
  source.read = [&](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
    std::size_t filled = 0;
    ATOLL_TRY(vault::read_version(vault.chunks(), version, offset,
                                  std::min<std::uint64_t>(out.size(), version.size - offset),
                                  [&](ByteView bytes) -> Result<bool> {
                                    std::ranges::copy(bytes, out.begin() + static_cast<std::ptrdiff_t>(filled));
                                    filled += bytes.size();
                                    return true;
                                  }));
    return filled;
  };
  extract::MemberOptions options;
  options.stop = &session.environment.stop;
  bool was_stopped = false;
  auto answer = extract::take_member(
      session.environment.machine, source, content.member, options,
      [&](const extract::MemberFacts& facts) -> Result<void> {
        if (facts.modified) modified = *facts.modified;
        return {};
      },
      [&](ByteView bytes) -> Result<void> {
        ATOLL_ASSIGN(const bool goes_on, visit(bytes));
        was_stopped = !goes_on;
        return goes_on ? Result<void>() : fail(ErrorKind::interrupted, "member.given_up", "nobody reads it any more");
      });
  if (was_stopped || answer) return {};
  Error error = std::move(answer).error();
  error.message = "'" + content.listed.entry.key + "': " + error.message;
  return pass(std::move(error));
}

struct ListArguments {
  std::string address;
  bool is_recursive = false, is_long = false, shows_deleted = false;
  std::uint64_t limit = 0;
  std::string as_of;
};

Result<int> list_buckets(Session& session, vault::Vault& vault) {
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  for (const auto& bucket : buckets) {
    ATOLL_ASSIGN(const auto totals, reader->totals(bucket.id));
    if (session.output.is_json) {
      session.output.json(JsonObject("bucket")
                              .add("name", bucket.name)
                              .add("objects", totals.objects())
                              .add("bytes", totals.logical_bytes)
                              .add("created", format_rfc3339(bucket.created)));
    } else {
      session.output.line(padded(format_size(totals.logical_bytes), 9) + "  " +
                          padded(format_count(totals.objects()), 10) + "  " + bucket.name);
    }
  }
  if (buckets.empty()) session.output.message("No bucket yet. Store a folder: atoll put ~/Documents documents");
  return kExitOk;
}

Result<int> list(Session& session, const ListArguments& arguments) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    if (arguments.address.empty()) return list_buckets(session, vault);
    ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
    const auto reader = vault.reader();
    ATOLL_ASSIGN(auto moment, moment_of(session, vault, arguments.as_of));
    vault::View view(*reader, std::move(moment));
    ATOLL_ASSIGN(const auto bucket, view.bucket(address.bucket));
    ATOLL_ASSIGN(const auto policy, vault::policy_of(*reader, bucket));
    const Timestamp now = session.environment.machine.clock.now();
    // Of a removed object its last version stays longest.
    const auto days_of = [&](const Listed& listed) -> std::optional<std::uint64_t> {
      if (!listed.entry.is_deleted) return std::nullopt;
      const vault::VersionSpan span = vault::span_of(listed.version);
      const auto fate = vault::versions_to_end(policy, std::span(&span, 1), now).front();
      if (!fate.goes_at) return std::nullopt;
      return vault::days_left(*fate.goes_at, now);
    };
    catalog::ListQuery query;
    query.bucket = bucket.id;
    query.prefix = address.key;
    query.include_deleted = arguments.shows_deleted;
    if (!arguments.is_recursive) query.delimiter = "/";
    if (!address.key.empty() && !address.key.ends_with('/')) {
      ATOLL_ASSIGN(const auto exact, arguments.shows_deleted ? reader->current(bucket.id, address.key, true)
                                                             : view.current(bucket.id, address.key));
      if (exact) {
        print_object(session, bucket.name, *exact, exact->entry.key, arguments.is_long, days_of(*exact));
        return kExitOk;
      }
      query.prefix += "/";
    }
    std::uint64_t count = 0;
    for (;;) {
      ATOLL_ASSIGN(const auto page, view.list(query));
      // Items and folders come in key order together.
      std::size_t folder = 0;
      const auto print_folders_before = [&](const std::string* key) {
        for (; folder < page.common_prefixes.size() &&
               (key == nullptr || compare(as_bytes(page.common_prefixes[folder]), as_bytes(*key)) < 0);
             ++folder) {
          if (arguments.limit > 0 && count >= arguments.limit) return;
          if (page.common_prefixes[folder] == "./") continue;  // the bucket's own folder entry
          ++count;
          const std::string name = page.common_prefixes[folder].substr(query.prefix.size());
          if (session.output.is_json) {
            session.output.json(
                JsonObject("prefix").add("bucket", bucket.name).add_path("prefix", page.common_prefixes[folder]));
          } else {
            const std::string text = session.environment.terminal.is_out_terminal() ? shown(name) : name;
            session.output.line(arguments.is_long ? std::string(33, ' ') + text : text);
          }
        }
      };
      for (const Listed& listed : page.items) {
        print_folders_before(&listed.entry.key);
        if (arguments.limit > 0 && count >= arguments.limit) break;
        if (!arguments.is_recursive && (listed.entry.key == query.prefix || listed.entry.key == "./"))
          continue;  // the folder itself
        ++count;
        print_object(session, bucket.name, listed, std::string_view(listed.entry.key).substr(query.prefix.size()),
                     arguments.is_long, days_of(listed));
      }
      print_folders_before(nullptr);
      if (!page.has_more || session.output.is_closed() || session.environment.stop.load() ||
          (arguments.limit > 0 && count >= arguments.limit))
        break;
      query.after = page.next_after;
    }
    if (count == 0 && !query.prefix.empty()) {
      return fail(ErrorKind::not_found, "object.not_found", "nothing lies under " + arguments.address,
                  "`atoll ls " + bucket.name + "` lists what is there.");
    }
    ATOLL_TRY(say_erased(session, view, bucket.id));
    return kExitOk;
  });
}

Result<int> cat(Session& session, const std::string& text, const Which& which) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(text));
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto found, find_content(session, vault, address, which));
    const EntryKind kind = found.listed.version.kind;
    if (kind != EntryKind::file)
      return fail(ErrorKind::usage, "cat.no_file", text + " is a " + std::string(word_of(kind)) + ", not a file");
    FileTime modified;
    ATOLL_TRY(read_content(session, vault, found, modified, [&](ByteView piece) -> Result<bool> {
      if (!session.environment.terminal.write_out(piece))
        return false;  // the reader went away: nothing to complain about
      return !session.environment.stop.load();
    }));
    return session.environment.stop.load() ? kExitInterrupted : kExitOk;
  });
}

Result<int> get(Session& session, const std::string& text, const std::string& output, bool overwrite,
                const Which& which) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(text));
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto found, find_content(session, vault, address, which));
    const catalog::VersionRow& version = found.listed.version;
    // A restore of one object, into its folder, under its own or the given name.
    const std::string& own = found.member.empty() ? found.listed.entry.key : found.member;
    const std::string name = own.substr(own.rfind('/') + 1);
    const std::string path = session.absolute(output.empty() ? name : output);
    const bool into_folder = output.ends_with('/');
    const std::string folder = into_folder ? path : platform::parent_of(path);
    const std::string wanted = into_folder ? name : path.substr(path.rfind('/') + 1);
    ATOLL_ASSIGN(const auto target, session.environment.host.open_target(folder));
    ATOLL_ASSIGN(const auto there, target->info(wanted));
    if (there && !overwrite) {
      return fail(ErrorKind::conflict, "get.exists", platform::join(folder, wanted) + " exists already",
                  "Choose another name with --output, or add --overwrite.");
    }
    const std::string partial = remote::partial_name(wanted);
    ignore_error_on_purpose(target->remove(partial));
    ATOLL_ASSIGN(const auto file, target->create_file(partial));
    std::uint64_t at = 0;
    FileTime modified = version.modified;
    auto written = read_content(session, vault, found, modified, [&](ByteView piece) -> Result<bool> {
      if (session.environment.stop.load()) return fail(ErrorKind::interrupted, "get.interrupted", "interrupted");
      ATOLL_TRY(file->write_at(at, piece));
      at += piece.size();
      return true;
    });
    if (written && (version.has_source || !found.member.empty())) {
      platform::NodeInfo info;
      info.mode = found.member.empty() ? version.mode : 0644;
      info.uid = UINT32_MAX;
      info.gid = UINT32_MAX;
      info.modified = modified;
      const auto applied = file->apply(info, {});
      if (!applied) written = pass(applied.error());
    }
    if (written) written = file->finish();
    if (written) written = target->rename(partial, wanted);
    if (!written) {
      ignore_error_on_purpose(target->remove(partial));
      return pass(written.error());
    }
    if (session.output.is_json) {
      session.output.json(JsonObject("summary").add("bytes", at).add_path("path", platform::join(folder, wanted)));
    } else {
      session.output.message(format_size(at) + " written to " + shown(platform::join(folder, wanted)));
    }
    return kExitOk;
  });
}

// A version behind '@' is no part of the name; a key may hold an '@' itself, and only the vault knows which it is.
std::vector<NamedFile> files_of_get(const Session& session, const std::string& text, const std::string& output) {
  if (!output.empty() && !output.ends_with('/')) return {{session.absolute(output), NamedFile::Use::write_file}};
  const std::string name = text.substr(text.rfind('/') + 1);
  std::vector<NamedFile> files;
  for (std::size_t end = name.size(); end != std::string::npos && end > 0; end = name.rfind('@', end - 1)) {
    const std::string path = output.empty() ? session.absolute(name.substr(0, end))
                                            : platform::join(session.absolute(output), name.substr(0, end));
    files.push_back({path, NamedFile::Use::write_file});
  }
  return files;
}

// What an address names: one object, or with -r everything below it as a folder.
vault::Selection selection_of(const vault::Address& address, bool is_recursive) {
  vault::Selection selection{address.bucket, address.key, is_recursive};
  if (is_recursive && !selection.prefix.empty() && !selection.prefix.ends_with('/')) selection.prefix += "/";
  return selection;
}

void say_count(Session& session, const std::string& verb, const vault::SelectionCount& count,
               const std::string& where) {
  if (session.output.is_json) {
    session.output.json(JsonObject("summary")
                            .add("objects", count.objects)
                            .add("bytes", count.bytes)
                            .add("dry_run", session.options.is_dry_run)
                            .add("verb", verb));
  } else {
    session.output.message((session.options.is_dry_run ? "Would have " : "") + verb + " " +
                           format_count(count.objects) + (count.objects == 1 ? " object" : " objects") + ", " +
                           format_size(count.bytes) + where);
  }
}

struct RemoveArguments {
  std::vector<std::string> addresses;
  bool is_recursive = false;
  bool is_forever = false;
  std::string versions, reason;
};

Result<int> remove(Session& session, const RemoveArguments& arguments) {
  std::vector<vault::Selection> selections;
  for (const std::string& text : arguments.addresses) {
    ATOLL_ASSIGN(const auto address, vault::parse_address(text));
    if (address.key.empty() && !arguments.is_recursive) {
      return fail(ErrorKind::usage, "rm.needs_recursive", text + " names a whole bucket",
                  "Add -r to remove everything in it; look first with -n.");
    }
    selections.push_back(selection_of(address, arguments.is_recursive));
  }
  if (arguments.is_forever) {
    return remove_forever(
        session, {selections, arguments.versions.empty() ? std::string("all") : arguments.versions, arguments.reason});
  }
  if (!arguments.versions.empty() || !arguments.reason.empty()) {
    return fail(ErrorKind::usage, "rm.needs_forever", "--versions and --reason go with --forever",
                "Without it an object is removed as it is now, and its versions stay.");
  }
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    vault::Objects objects(vault);
    vault::SelectionCount all;
    for (const auto& selection : selections) {
      auto count = session.options.is_dry_run ? objects.count(selection) : objects.remove(selection);
      if (!count && count.error().kind == ErrorKind::not_found && selection.is_recursive && !selection.prefix.empty()) {
        // `rm -r a/file` names an object after all.
        vault::Selection one{selection.bucket, selection.prefix.substr(0, selection.prefix.size() - 1), false};
        count = session.options.is_dry_run ? objects.count(one) : objects.remove(one);
      }
      if (!count) return pass(std::move(count).error());
      all.objects += count->objects;
      all.bytes += count->bytes;
    }
    say_count(session, "removed", all, session.options.is_dry_run ? "" : "; their history stays");
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

struct CopyArguments {
  std::string from, to;
  bool is_recursive = false, force = false, keeps_origin = false;
  OriginArguments origin;
};

Result<int> copy_or_move(Session& session, const CopyArguments& arguments, bool is_move) {
  ATOLL_ASSIGN(const auto from, vault::parse_address(arguments.from));
  ATOLL_ASSIGN(const auto to, vault::parse_address(arguments.to));
  if (from.key.empty() && !arguments.is_recursive) {
    return fail(ErrorKind::usage, "cp.needs_recursive", arguments.from + " names a whole bucket", "Add -r.");
  }
  const auto selection = selection_of(from, arguments.is_recursive);
  vault::CopyOrigin origin;
  ATOLL_ASSIGN(origin.origin, origin_of(arguments.origin));
  origin.records_source = !arguments.keeps_origin;
  if (arguments.is_recursive && !origin.origin.label.empty()) {
    return fail(ErrorKind::usage, "cp.label_of_many", "--label names one version, and -r copies many",
                "`atoll snapshot create` names a whole folder's state.");
  }
  std::string target = to.key;
  if (arguments.is_recursive) {
    if (!target.empty() && !target.ends_with('/')) target += "/";
  } else if (target.empty() || target.ends_with('/')) {
    target += from.key.substr(from.key.rfind('/') + 1);
  }
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    vault::Objects objects(vault);
    vault::SelectionCount count;
    if (session.options.is_dry_run) {
      ATOLL_ASSIGN(count, objects.count(selection));
    } else if (is_move) {
      ATOLL_ASSIGN(count, objects.move(selection, to.bucket, target, arguments.force, origin));
    } else {
      ATOLL_ASSIGN(count, objects.copy(selection, to.bucket, target, arguments.force, origin));
    }
    say_count(session, is_move ? "moved" : "copied", count, " to " + arguments.to);
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

struct TagArguments {
  std::string address;
  std::vector<std::string> set, remove, metadata, remove_metadata;
  std::string table;
  bool is_recursive = false;
};

Result<int> tag(Session& session, const TagArguments& arguments) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  vault::Objects::Labels tags;
  vault::Objects::Labels metadata;
  ATOLL_ASSIGN(tags.set, parse_labels(arguments.set));
  tags.remove = arguments.remove;
  ATOLL_ASSIGN(metadata.set, parse_labels(arguments.metadata));
  metadata.remove = arguments.remove_metadata;
  std::map<std::string, std::map<std::string, std::string>> by_key;
  if (!arguments.table.empty()) {
    ATOLL_ASSIGN(auto table, read_metadata_table(session, arguments.table));
    const std::string prefix = address.key.empty() || address.key.ends_with('/') ? address.key : address.key + "/";
    for (auto& [path, fields] : table) by_key[prefix + path] = std::move(fields);
  } else if (tags.set.empty() && tags.remove.empty() && metadata.set.empty() && metadata.remove.empty()) {
    return fail(ErrorKind::usage, "tag.nothing", "nothing to set or remove", "Write: atoll tag BUCKET/key name=value");
  }
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    vault::Objects objects(vault);
    if (!by_key.empty()) {
      std::vector<std::string> missing;
      std::uint64_t matched = 0;
      if (session.options.is_dry_run) {
        for (const auto& [key, fields] : by_key) {
          if (objects.find(address.bucket, key)) {
            ++matched;
          } else {
            missing.push_back(key);
          }
        }
      } else {
        ATOLL_ASSIGN(missing, objects.set_metadata(address.bucket, by_key));
        matched = by_key.size() - missing.size();
      }
      for (const std::string& key : missing)
        session.output.warning("table.no_such_object", "the table names an object that is not there: " + shown(key));
      say_count(session, "described", {matched, 0}, "");
      return missing.empty() ? kExitOk : kExitPartial;
    }
    const auto selection = selection_of(address, arguments.is_recursive);
    vault::SelectionCount count;
    if (session.options.is_dry_run) {
      ATOLL_ASSIGN(count, objects.count(selection));
    } else {
      ATOLL_ASSIGN(count, objects.tag(selection, tags, metadata));
    }
    say_count(session, "tagged", count, "");
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

template <class Arguments, class Work>
void on_chosen(CLI::App* command, Session& session, Chosen& chosen, std::shared_ptr<Arguments> arguments, Work work) {
  command->callback([&session, &chosen, arguments, work] {
    chosen.body = [&session, arguments, work] { return work(session, *arguments); };
  });
}

void add_which(CLI::App* command, Which& which) {
  command->add_option("--as-of", which.as_of, "as it was: a time, 10m (ago), a change's number, a snapshot");
  command->add_option("--version", which.version, "this version: its id as `log` shows it, or its label");
}

}  // namespace

void add_object_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* ls = app.add_subcommand("ls", "List buckets, or what lies in BUCKET[/prefix]");
  auto list_arguments = std::make_shared<ListArguments>();
  ls->add_option("address", list_arguments->address, "BUCKET[/prefix]");
  ls->add_flag("-r,--recursive", list_arguments->is_recursive, "everything below, not one level");
  ls->add_flag("-l,--long", list_arguments->is_long, "with size and time");
  ls->add_flag("--deleted", list_arguments->shows_deleted, "removed objects too");
  ls->add_option("--limit", list_arguments->limit, "stop after so many");
  ls->add_option("--as-of", list_arguments->as_of, "as it was: a time, 10m (ago), a change's number, a snapshot");
  on_chosen(ls, session, chosen, list_arguments, list);

  struct CatArguments {
    std::string address;
    Which which;
  };
  auto* cat_command = app.add_subcommand("cat", "Write an object's bytes to standard output");
  auto cat_arguments = std::make_shared<CatArguments>();
  cat_command
      ->add_option("address", cat_arguments->address, "BUCKET/key, or what is in an archive: BUCKET/a.zip!/b.pdf")
      ->required();
  add_which(cat_command, cat_arguments->which);
  on_chosen(cat_command, session, chosen, cat_arguments,
            [](Session& s, const CatArguments& a) { return cat(s, a.address, a.which); });

  struct GetArguments {
    std::string address, output;
    bool overwrite = false;
    Which which;
  };
  auto* get_command = app.add_subcommand("get", "Write one object to a file");
  auto get_arguments = std::make_shared<GetArguments>();
  get_command
      ->add_option("address", get_arguments->address, "BUCKET/key, or what is in an archive: BUCKET/a.zip!/b.pdf")
      ->required();
  get_command->add_option("-o,--output", get_arguments->output,
                          "file, or folder with '/' at its end; the key's last part in this folder otherwise");
  get_command->add_flag("--overwrite", get_arguments->overwrite, "replace the file where it exists");
  add_which(get_command, get_arguments->which);
  get_command->callback([&session, &chosen, get_arguments] {
    chosen.files = files_of_get(session, get_arguments->address, get_arguments->output);
    chosen.body = [&session, get_arguments] {
      const GetArguments& a = *get_arguments;
      return get(session, a.address, a.output, a.overwrite, a.which);
    };
  });

  auto* rm = app.add_subcommand("rm", "Remove objects; their history stays");
  auto remove_arguments = std::make_shared<RemoveArguments>();
  rm->add_option("addresses", remove_arguments->addresses, "BUCKET/key…")->required();
  rm->add_flag("-r,--recursive", remove_arguments->is_recursive, "everything below, as a folder");
  rm->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be removed");
  rm->add_flag("--forever", remove_arguments->is_forever,
               "with their versions, from every earlier moment too; asks. The room comes with the next gc");
  rm->add_option("--versions", remove_arguments->versions,
                 "with --forever: all, old (what is current stays), or one by its id or label");
  rm->add_option("--reason", remove_arguments->reason, "with --forever: kept with the record of it");
  on_chosen(rm, session, chosen, remove_arguments, remove);

  for (const bool is_move : {false, true}) {
    auto* command =
        app.add_subcommand(is_move ? "mv" : "cp", is_move ? "Move or rename objects inside the vault"
                                                          : "Copy objects inside the vault; content is shared");
    auto arguments = std::make_shared<CopyArguments>();
    command->add_option("from", arguments->from, "BUCKET/key")->required();
    command->add_option("to", arguments->to, "BUCKET/key, or BUCKET/prefix/ ")->required();
    command->add_flag("-r,--recursive", arguments->is_recursive, "everything below, as a folder");
    command->add_flag("-f,--force", arguments->force, "replace objects that exist");
    command->add_flag("--no-source", arguments->keeps_origin, "do not note which version it was made from");
    add_origin_options(*command, arguments->origin, HasLabel::yes);
    command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be done");
    on_chosen(command, session, chosen, arguments,
              [is_move](Session& s, const CopyArguments& a) { return copy_or_move(s, a, is_move); });
  }

  auto* tag_command = app.add_subcommand("tag", "Set or remove tags and metadata of objects");
  auto tag_arguments = std::make_shared<TagArguments>();
  tag_command->add_option("address", tag_arguments->address, "BUCKET/key")->required();
  tag_command->add_option("labels", tag_arguments->set, "name=value…");
  tag_command->add_option("--remove", tag_arguments->remove, "tag to remove (repeatable)")->allow_extra_args(false);
  tag_command->add_option("--meta", tag_arguments->metadata, "metadata name=value (repeatable; makes a new version)")
      ->allow_extra_args(false);
  tag_command->add_option("--remove-meta", tag_arguments->remove_metadata, "metadata to remove (repeatable)")
      ->allow_extra_args(false);
  tag_command->add_option("--table", tag_arguments->table, "CSV with metadata: first column the key below the address");
  tag_command->add_flag("-r,--recursive", tag_arguments->is_recursive, "everything below, as a folder");
  tag_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be done");
  on_chosen(tag_command, session, chosen, tag_arguments, tag);
}

}  // namespace atl::cli
