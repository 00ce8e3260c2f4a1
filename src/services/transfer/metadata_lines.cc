#include "services/transfer/metadata_lines.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace atl::transfer {
namespace {

using Json = nlohmann::ordered_json;
using catalog::EntryKind;
using catalog::VersionRow;

constexpr std::pair<EntryKind, std::string_view> kKinds[] = {{EntryKind::file, "file"},
                                                             {EntryKind::directory, "directory"},
                                                             {EntryKind::symlink, "symlink"},
                                                             {EntryKind::fifo, "fifo"},
                                                             {EntryKind::socket, "socket"},
                                                             {EntryKind::char_device, "char_device"},
                                                             {EntryKind::block_device, "block_device"},
                                                             {EntryKind::marker, "marker"}};

tl::unexpected<Error> bad(const std::string& why) {
  return fail(ErrorKind::damaged, "import.bad_json", "it is no JSON of the kind that belongs here: " + why);
}

void put_text(Json& object, const std::string& name, std::string_view text) {
  object[name] = std::string(text);  // dump() replaces what is no UTF-8
  if (!is_utf8(text)) object[name + "_b64"] = to_base64(as_bytes(text));
}
void put_if(Json& object, const std::string& name, std::string_view text) {
  if (!text.empty()) put_text(object, name, text);
}

void put_map(Json& object, const std::string& name, const std::map<std::string, std::string>& map) {
  if (map.empty()) return;
  Json plain = Json::object();
  Json encoded = Json::array();
  for (const auto& [key, value] : map) {
    if (is_utf8(key) && is_utf8(value)) {
      plain[key] = value;
    } else {
      encoded.push_back({to_base64(as_bytes(key)), to_base64(as_bytes(value))});
    }
  }
  if (!plain.empty()) object[name] = std::move(plain);
  if (!encoded.empty()) object[name + "_b64"] = std::move(encoded);
}

// Fields of one object; the first that has a wrong type is remembered, and asked for once at the end.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(&object) {}

  [[nodiscard]] const Json* find(const std::string& name) const {
    const auto found = object_->find(name);
    return found == object_->end() ? nullptr : &*found;
  }
  std::string text(const std::string& name) {
    if (const Json* encoded = find(name + "_b64")) {
      if (encoded->is_string()) {
        if (const auto bytes = from_base64(encoded->get_ref<const std::string&>())) return to_string(*bytes);
      }
      note(name + "_b64");
      return {};
    }
    const Json* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_string()) {
      note(name);
      return {};
    }
    return value->get<std::string>();
  }
  std::uint64_t number(const std::string& name, std::uint64_t most = UINT64_MAX) {
    const Json* value = find(name);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
      note(name);
      return 0;
    }
    return value->get<std::uint64_t>();
  }
  bool flag(const std::string& name) {
    const Json* value = find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) note(name);
    return value->is_boolean() && value->get<bool>();
  }
  std::map<std::string, std::string> map(const std::string& name) {
    std::map<std::string, std::string> out;
    if (const Json* plain = find(name)) {
      if (!plain->is_object()) note(name);
      if (plain->is_object()) {
        for (const auto& [key, value] : plain->items()) {
          if (value.is_string()) {
            out[key] = value.get<std::string>();
          } else {
            note(name);
          }
        }
      }
    }
    for (const auto& [key, value] : pairs(name + "_b64")) out[to_string(key)] = to_string(value);
    return out;
  }
  // [[base64, base64], …]
  std::vector<std::pair<Bytes, Bytes>> pairs(const std::string& name) {
    std::vector<std::pair<Bytes, Bytes>> out;
    const Json* list = find(name);
    if (list == nullptr) return out;
    if (!list->is_array()) note(name);
    if (list->is_array()) {
      for (const Json& pair : *list) {
        if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
          note(name);
          continue;
        }
        auto key = from_base64(pair[0].get_ref<const std::string&>());
        auto value = from_base64(pair[1].get_ref<const std::string&>());
        if (!key || !value) {
          note(name);
          continue;
        }
        out.emplace_back(std::move(*key), std::move(*value));
      }
    }
    return out;
  }
  void note(const std::string& name) {
    if (wrong_.empty()) wrong_ = name;
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  const Json* object_;
  std::string wrong_;
};

Result<Json> parse(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return bad("it cannot be parsed");
  return json;
}

std::string octal(std::uint32_t mode) {
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.begin(), text.end(), mode, 8).ptr;
  return "0" + std::string(text.begin(), end);
}

// Numbers that Takeout writes as strings, and others as numbers.
std::optional<std::int64_t> whole_number(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (!value->is_string()) return std::nullopt;
  const auto& text = value->get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string decimal(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), number).ptr;
  return {text.begin(), end};
}

bool put_place(const Json* place, std::map<std::string, std::string>& words) {
  if (place == nullptr || !place->is_object()) return false;
  const auto number = [&](const char* name) {
    const auto found = place->find(name);
    return found != place->end() && found->is_number() ? found->get<double>() : 0.0;
  };
  const double latitude = number("latitude");
  const double longitude = number("longitude");
  // Takeout writes 0, 0 where it knows nothing.
  if ((latitude == 0 && longitude == 0) || !(std::abs(latitude) <= 90) || !(std::abs(longitude) <= 180)) return false;
  words["latitude"] = decimal(latitude);
  words["longitude"] = decimal(longitude);
  if (const double altitude = number("altitude"); altitude != 0) words["altitude"] = decimal(altitude);
  return true;
}

}  // namespace

std::string quote(std::string_view text) {
  return Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string write_line(const std::string& key, const VersionRow& version, const std::string& file,
                       const std::string& sha256) {
  Json line = Json::object();
  put_text(line, "path", key);
  for (const auto& [kind, word] : kKinds)
    if (kind == version.kind) line["type"] = std::string(word);
  if (!file.empty()) put_text(line, "file", file);
  line["size"] = version.size;
  if (!sha256.empty()) line["sha256"] = sha256;
  line["modified"] = format_rfc3339(version.modified);
  line["mode"] = octal(version.mode);
  line["from_file"] = version.has_source;
  line["uid"] = version.uid;
  line["gid"] = version.gid;
  if (version.device_number != 0) line["device_number"] = version.device_number;
  put_if(line, "link_target", version.link_target);
  if (!version.link_group.empty()) line["link_group"] = to_hex(version.link_group);
  if (!version.holes.empty()) {
    Json holes = Json::array();
    for (const auto& hole : version.holes) holes.push_back({hole.offset, hole.length});
    line["holes"] = std::move(holes);
  }
  if (!version.attributes.empty()) {
    Json list = Json::array();
    Json names = Json::array();
    for (const auto& [name, value] : version.attributes) {
      list.push_back({to_base64(as_bytes(name)), to_base64(value)});
      names.push_back(name);
    }
    line["xattr_names"] = std::move(names);  // for people; the pairs count
    line["xattrs_b64"] = std::move(list);
  }
  put_map(line, "metadata", version.metadata);
  put_map(line, "tags", version.tags);
  put_if(line, "content_type", version.content_type);
  put_map(line, "checksums", version.checksums);
  put_if(line, "etag", version.etag);
  put_if(line, "label", version.label);
  put_if(line, "author", version.author);
  put_if(line, "description", version.description);
  if (!version.sources.empty()) {
    Json list = Json::array();
    for (const auto& source : version.sources) {
      Json one = Json::object();
      if (!source.object.is_none()) one["object"] = source.object.text();
      if (!source.version.is_none()) one["version"] = source.version.text();
      put_if(one, "words", source.words);
      list.push_back(std::move(one));
    }
    line["sources"] = std::move(list);
  }
  put_if(line, "transformation", version.transformation);
  line["object"] = version.object.text();
  line["version"] = version.version.text();
  line["lsn"] = version.begin.value;
  line["stored"] = format_rfc3339(version.begin_time);
  put_if(line, "actor", version.actor);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ForeignEntry> parse_line(std::string_view text) {
  ATOLL_ASSIGN(const Json line, parse(text));
  if (!line.is_object()) return bad("it is no object");
  Fields fields(line);
  ForeignEntry entry;
  entry.is_exact = true;
  entry.path = fields.text("path");
  entry.file = fields.text("file");
  VersionRow& version = entry.version;
  const std::string type = fields.text("type");
  const auto* const kind = std::ranges::find_if(kKinds, [&](const auto& one) { return one.second == type; });
  if (kind == std::end(kKinds)) return bad("\"type\"");
  version.kind = kind->first;
  entry.has_content = version.kind == EntryKind::file;
  version.size = fields.number("size", kContentBytesMax);
  version.has_source = fields.flag("from_file");
  version.uid = static_cast<std::uint32_t>(fields.number("uid", UINT32_MAX));
  version.gid = static_cast<std::uint32_t>(fields.number("gid", UINT32_MAX));
  version.device_number = fields.number("device_number");
  const std::string mode = fields.text("mode");
  if (!mode.empty() && std::from_chars(mode.data(), mode.data() + mode.size(), version.mode, 8).ec != std::errc())
    return bad("\"mode\"");
  if (const std::string modified = fields.text("modified"); !modified.empty()) {
    ATOLL_ASSIGN(version.modified, parse_rfc3339(modified));
  }
  version.link_target = fields.text("link_target");
  if (const std::string group = fields.text("link_group"); !group.empty()) {
    ATOLL_ASSIGN(version.link_group, from_hex(group));
  }
  if (const Json* holes = fields.find("holes")) {
    if (!holes->is_array() || holes->size() > kHolesMax) return bad("\"holes\"");
    for (const Json& hole : *holes) {
      if (!hole.is_array() || hole.size() != 2 || !hole[0].is_number_unsigned() || !hole[1].is_number_unsigned())
        return bad("\"holes\"");
      version.holes.push_back({hole[0].get<std::uint64_t>(), hole[1].get<std::uint64_t>()});
    }
  }
  for (auto& [name, value] : fields.pairs("xattrs_b64"))
    version.attributes.emplace_back(to_string(name), std::move(value));
  std::ranges::sort(version.attributes);
  version.metadata = fields.map("metadata");
  version.tags = fields.map("tags");
  version.content_type = fields.text("content_type");
  version.checksums = fields.map("checksums");
  version.etag = fields.text("etag");
  version.label = fields.text("label");
  version.author = fields.text("author");
  version.description = fields.text("description");
  version.transformation = fields.text("transformation");
  if (const Json* sources = fields.find("sources")) {
    if (!sources->is_array()) return bad("\"sources\"");
    for (const Json& one : *sources) {
      if (!one.is_object()) return bad("\"sources\"");
      Fields source(one);
      catalog::Source& out = version.sources.emplace_back();
      if (const std::string id = source.text("object"); !id.empty()) {
        ATOLL_ASSIGN(out.object, ObjectId::parse(id));
      }
      if (const std::string id = source.text("version"); !id.empty()) {
        ATOLL_ASSIGN(out.version, VersionId::parse(id));
      }
      out.words = source.text("words");
      if (!source.wrong().empty()) return bad("\"sources\"");
    }
  }
  // What the bytes must give, for the importer; the row keeps only what it had.
  entry.parameter = fields.text("sha256");
  if (!fields.wrong().empty()) return bad("\"" + fields.wrong() + "\"");
  if (entry.path.empty()) return bad("it has no \"path\"");
  return entry;
}

Result<ForeignEntry> parse_takeout(std::string_view text) {
  ATOLL_ASSIGN(const Json json, parse(text));
  if (!json.is_object()) return bad("it is no object");
  Fields fields(json);
  ForeignEntry entry;
  auto& words = entry.version.metadata;
  entry.parameter = fields.text("title");
  if (const std::string description = fields.text("description"); !description.empty())
    words["description"] = description;
  if (const Json* taken = fields.find("photoTakenTime"); taken != nullptr && taken->is_object()) {
    const auto found = taken->find("timestamp");
    const auto seconds = whole_number(found == taken->end() ? nullptr : &*found);
    if (seconds && *seconds != 0) {
      entry.version.modified = {*seconds, 0};
      words["taken_at"] = format_rfc3339(entry.version.modified);
    }
  }
  if (!put_place(fields.find("geoData"), words)) put_place(fields.find("geoDataExif"), words);
  if (const Json* people = fields.find("people"); people != nullptr && people->is_array()) {
    std::string names;
    for (const Json& person : *people) {
      if (!person.is_object()) continue;
      Fields one(person);
      const std::string name = one.text("name");
      if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
    }
    if (!names.empty()) words["people"] = names;
  }
  if (const Json* favourite = fields.find("favorited"); favourite != nullptr && favourite->is_boolean()) {
    if (favourite->get<bool>()) words["favourite"] = "yes";
  }
  if (const std::string address = fields.text("url"); !address.empty()) words["url"] = address;
  return entry;
}

Result<std::vector<ForeignEntry>> parse_restic_snapshots(std::string_view text) {
  ATOLL_ASSIGN(const Json json, parse(text));
  if (json.is_null()) return std::vector<ForeignEntry>();
  if (!json.is_array()) return bad("it is no list");
  std::vector<ForeignEntry> snapshots;
  for (const Json& one : json) {
    if (!one.is_object()) return bad("a snapshot is no object");
    Fields fields(one);
    ForeignEntry& entry = snapshots.emplace_back();
    entry.path = fields.text("id");
    const bool is_id = entry.path.size() == 64 &&
                       entry.path.find_first_not_of("0123456789abcdef") == std::string::npos;  // it becomes an argument
    if (!is_id) return bad("a snapshot's id");
    auto& words = entry.version.metadata;
    words["restic_snapshot"] = entry.path;
    words["restic_host"] = fields.text("hostname");
    words["restic_time"] = fields.text("time");
    ATOLL_ASSIGN(entry.version.modified, parse_rfc3339(words["restic_time"]));
    const auto joined = [&](const char* name, const char* between) {
      std::string all;
      const Json* list = fields.find(name);
      if (list == nullptr || !list->is_array()) return all;
      for (const Json& word : *list)
        if (word.is_string()) all += (all.empty() ? "" : between) + word.get<std::string>();
      return all;
    };
    if (const std::string tags = joined("tags", ","); !tags.empty()) words["restic_tags"] = tags;
    entry.file = joined("paths", "\n");
    if (!fields.wrong().empty()) return bad("\"" + fields.wrong() + "\"");
  }
  std::ranges::stable_sort(
      snapshots, [](const ForeignEntry& a, const ForeignEntry& b) { return a.version.modified < b.version.modified; });
  return snapshots;
}

}  // namespace atl::transfer
