#include "edge/webdav/properties.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "foundation/net/http_date.h"
#include "foundation/net/http_message.h"

namespace atl::webdav {
namespace {

constexpr std::string_view kPrefix = "dav:{";
constexpr std::string_view kXmlSpace = "http://www.w3.org/XML/1998/namespace";

struct LiveName {
  Live live;
  std::string_view space;
  std::string_view name;
};
constexpr std::array kLive = {
    LiveName{Live::creationdate, kDav, "creationdate"},
    LiveName{Live::displayname, kDav, "displayname"},
    LiveName{Live::getcontentlanguage, kDav, "getcontentlanguage"},
    LiveName{Live::getcontentlength, kDav, "getcontentlength"},
    LiveName{Live::getcontenttype, kDav, "getcontenttype"},
    LiveName{Live::getetag, kDav, "getetag"},
    LiveName{Live::getlastmodified, kDav, "getlastmodified"},
    LiveName{Live::lockdiscovery, kDav, "lockdiscovery"},
    LiveName{Live::resourcetype, kDav, "resourcetype"},
    LiveName{Live::supportedlock, kDav, "supportedlock"},
    LiveName{Live::quota_available_bytes, kDav, "quota-available-bytes"},
    LiveName{Live::quota_used_bytes, kDav, "quota-used-bytes"},
    LiveName{Live::lastmodified, kDav, "lastmodified"},
    LiveName{Live::win32_last_modified_time, kMicrosoft, "Win32LastModifiedTime"},
};

tl::unexpected<Error> bad_body(std::string_view why) {
  return fail(ErrorKind::usage, "dav.bad_body", "the body is not what this method takes: " + std::string(why));
}

constexpr xml::ReadLimits kLimits{.bytes_max = kBodyBytesMax, .elements_max = 5'000, .depth_max = 24};

bool is_dav(const xml::Element& element, std::string_view name) {
  return element.space == kDav && element.name == name;
}

PropertyName name_of_element(const xml::Element& element) { return {element.space, element.name}; }

std::string metadata_name(const PropertyName& name) { return std::string(kPrefix) + name.space + "}" + name.name; }

const xml::Attribute* language_of(const xml::Element& element) {
  const auto found = std::ranges::find_if(element.attributes, [](const xml::Attribute& attribute) {
    return attribute.space == kXmlSpace && attribute.name == "lang";
  });
  return found == element.attributes.end() ? nullptr : &*found;
}

Result<void> add_names(const xml::Element& list, std::vector<PropertyName>& out) {
  if (list.children.size() > kNamesMax)
    return fail(ErrorKind::limit, "dav.bad_body", "the body names too many properties");
  for (const xml::Element& child : list.children) out.push_back(name_of_element(child));
  return {};
}

}  // namespace

Result<PropfindRequest> parse_propfind(std::string_view body) {
  PropfindRequest request;
  if (body.empty()) return request;
  ATOLL_ASSIGN(const auto root, xml::read(body, kLimits));
  if (!is_dav(root, "propfind")) return bad_body("it is no propfind of DAV:");
  bool has_kind = false;
  for (const xml::Element& child : root.children) {
    const bool is_kind = is_dav(child, "allprop") || is_dav(child, "propname") || is_dav(child, "prop");
    if (is_kind && has_kind) return bad_body("it asks for more than one of allprop, propname and prop");
    has_kind = has_kind || is_kind;
    if (is_dav(child, "propname")) request.kind = PropfindRequest::Kind::names;
    if (is_dav(child, "prop")) {
      request.kind = PropfindRequest::Kind::some;
      ATOLL_TRY(add_names(child, request.wanted));
    }
    if (is_dav(child, "include")) ATOLL_TRY(add_names(child, request.wanted));
  }
  if (!has_kind) return bad_body("it asks for none of allprop, propname and prop");
  return request;
}

Result<std::vector<PropertyChange>> parse_proppatch(std::string_view body) {
  ATOLL_ASSIGN(auto root, xml::read(body, kLimits));
  if (!is_dav(root, "propertyupdate")) return bad_body("it is no propertyupdate of DAV:");
  std::vector<PropertyChange> changes;
  const xml::Attribute* const outer = language_of(root);
  for (xml::Element& step : root.children) {
    const bool is_set = is_dav(step, "set");
    if (!is_set && !is_dav(step, "remove")) continue;  // section 17: what is not known is passed over
    const xml::Attribute* const of_step = language_of(step) != nullptr ? language_of(step) : outer;
    for (xml::Element& list : step.children) {
      if (!is_dav(list, "prop")) continue;
      const xml::Attribute* const language = language_of(list) != nullptr ? language_of(list) : of_step;
      for (xml::Element& property : list.children) {
        if (changes.size() >= kNamesMax)
          return fail(ErrorKind::limit, "dav.bad_body", "the body changes too many properties");
        PropertyChange change{name_of_element(property), std::nullopt};
        if (is_set) {
          if (language != nullptr && language_of(property) == nullptr) property.attributes.push_back(*language);
          change.value = std::move(property);
        }
        changes.push_back(std::move(change));
      }
    }
  }
  if (changes.empty()) return bad_body("it changes no property");
  return changes;
}

Result<LockRequest> parse_lock(std::string_view body) {
  ATOLL_ASSIGN(const auto root, xml::read(body, kLimits));
  if (!is_dav(root, "lockinfo")) return bad_body("it is no lockinfo of DAV:");
  LockRequest request;
  bool has_scope = false;
  bool is_write = false;
  for (const xml::Element& child : root.children) {
    if (is_dav(child, "lockscope")) {
      const auto scope = [&](std::string_view name) {
        return std::ranges::any_of(child.children, [&](const xml::Element& one) { return is_dav(one, name); });
      };
      request.is_exclusive = scope("exclusive");
      if (request.is_exclusive == scope("shared")) return bad_body("a lock is either exclusive or shared");
      has_scope = true;
    } else if (is_dav(child, "locktype")) {
      is_write = std::ranges::any_of(child.children, [](const xml::Element& one) { return is_dav(one, "write"); });
    } else if (is_dav(child, "owner")) {
      ATOLL_TRY(xml::append_standalone(request.owner, child));
      if (request.owner.size() > kDeadPropertyBytesMax)
        return fail(ErrorKind::limit, "dav.bad_body", "what the body says about the owner is too long");
    }
  }
  if (!has_scope || !is_write) return bad_body("it asks for no write lock");
  return request;
}

std::int64_t parse_timeout_s(std::string_view field) {
  constexpr std::string_view kSecond = "Second-";
  while (!field.empty()) {
    const std::size_t end = std::min(field.find(','), field.size());
    const std::string_view one = net::trim_blanks(field.substr(0, end));
    if (net::equal_ignoring_case(one, "Infinite")) return INT64_MAX;
    if (one.size() > kSecond.size() && net::equal_ignoring_case(one.substr(0, kSecond.size()), kSecond)) {
      std::uint32_t seconds = 0;
      const std::string_view digits = one.substr(kSecond.size());
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
      if (read.ec == std::errc{} && read.ptr == digits.data() + digits.size() && seconds > 0) return seconds;
    }
    field.remove_prefix(std::min(end + 1, field.size()));
  }
  return 0;
}

Live live_of(const PropertyName& name) {
  const auto found = std::ranges::find_if(
      kLive, [&](const LiveName& one) { return one.space == name.space && one.name == name.name; });
  return found == kLive.end() ? Live::none : found->live;
}

PropertyName name_of(Live live) {
  const auto found = std::ranges::find(kLive, live, &LiveName::live);
  ATOLL_INVARIANT(found != kLive.end(), "every live property has a name");
  return {std::string(found->space), std::string(found->name)};
}

bool is_protected(Live live) {
  return live != Live::none && live != Live::displayname && live != Live::getcontentlanguage && !sets_modified(live);
}

bool sets_modified(Live live) {
  return live == Live::getlastmodified || live == Live::lastmodified || live == Live::win32_last_modified_time;
}

Result<FileTime> parse_modified(std::string_view text, std::int64_t now_unix_seconds) {
  text = net::trim_blanks(text);
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec == std::errc{} && !text.empty()) {
    const std::string_view rest(read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
    if (rest.empty()) return FileTime{seconds, 0};
    const bool is_fraction = rest.front() == '.' && rest.size() > 1 && rest.size() <= 40 && seconds >= 0 &&
                             std::ranges::all_of(rest.substr(1), [](char c) { return c >= '0' && c <= '9'; });
    if (is_fraction) {
      std::string digits(rest.substr(1));
      digits.resize(9, '0');
      std::uint32_t nanoseconds = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), nanoseconds);
      return FileTime{seconds, nanoseconds};
    }
  }
  if (const auto date = net::parse_http_date(text, now_unix_seconds); date) return FileTime{*date, 0};
  if (const auto time = parse_rfc3339(text); time) return *time;
  return fail(ErrorKind::usage, "dav.bad_time", "a time of modification that cannot be read");
}

void note_modified(Metadata& metadata, FileTime modified) {
  // Nanoseconds count forward from the seconds; what is written is one number.
  std::string text;
  std::int64_t seconds = modified.seconds;
  std::uint32_t nanoseconds = modified.nanoseconds;
  if (seconds < 0) {
    text = "-";
    if (nanoseconds > 0) {
      ++seconds;
      nanoseconds = 1'000'000'000 - nanoseconds;
    }
    seconds = -seconds;
  }
  text += std::to_string(seconds);
  if (nanoseconds > 0) {
    text += "." + std::to_string(1'000'000'000 + nanoseconds).substr(1);
    while (text.ends_with('0')) text.pop_back();
  }
  metadata["mtime"] = std::move(text);
}

void forget_content_fields(Metadata& metadata) {
  std::erase_if(metadata, [](const auto& one) { return one.first == "mtime" || one.first.starts_with("header:"); });
}

std::vector<std::pair<PropertyName, std::string_view>> dead_properties(const Metadata& metadata) {
  std::vector<std::pair<PropertyName, std::string_view>> out;
  for (auto at = metadata.lower_bound(std::string(kPrefix)); at != metadata.end() && at->first.starts_with(kPrefix);
       ++at) {
    const std::size_t end = at->first.rfind('}');  // no name of XML holds one
    if (end == std::string::npos || end < kPrefix.size() || end + 1 == at->first.size()) continue;
    // Metadata can be set by other doors too: what is no XML must not break an answer.
    if (!xml::read(at->second, kLimits)) continue;
    out.push_back({{at->first.substr(kPrefix.size(), end - kPrefix.size()), at->first.substr(end + 1)}, at->second});
  }
  return out;
}

std::optional<std::string_view> dead_property(const Metadata& metadata, const PropertyName& name) {
  const auto found = metadata.find(metadata_name(name));
  if (found == metadata.end() || !xml::read(found->second, kLimits)) return std::nullopt;
  return found->second;
}

Result<void> set_dead_property(Metadata& metadata, const PropertyName& name, const xml::Element& value) {
  std::string piece;
  ATOLL_TRY(xml::append_standalone(piece, value));
  std::string key = metadata_name(name);
  if (key.size() + piece.size() > kDeadPropertyBytesMax || !xml::read(piece, kLimits)) {
    return fail(ErrorKind::limit, "dav.property_too_large",
                "the property " + name.name + " is longer than " + std::to_string(kDeadPropertyBytesMax) + " bytes");
  }
  std::size_t count = 1;
  std::size_t bytes = key.size() + piece.size();
  for (auto at = metadata.lower_bound(std::string(kPrefix)); at != metadata.end() && at->first.starts_with(kPrefix);
       ++at) {
    if (at->first == key) continue;
    ++count;
    bytes += at->first.size() + at->second.size();
  }
  if (count > kDeadPropertiesMax || bytes > kDeadPropertiesBytesMax) {
    return fail(ErrorKind::limit, "dav.too_many_properties",
                "there is no room for the property " + name.name + " beside those that are set already");
  }
  metadata[std::move(key)] = std::move(piece);
  return {};
}

void remove_dead_property(Metadata& metadata, const PropertyName& name) { metadata.erase(metadata_name(name)); }

void append_text(std::string& out, std::string_view text) {
  const auto is_forbidden = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
  };
  while (!text.empty()) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if(text, is_forbidden) - text.begin());
    xml::append_escaped(out, text.substr(0, end));
    if (end < text.size()) out += "\xEF\xBF\xBD";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void append_empty(std::string& out, const PropertyName& name) {
  if (name.space == kDav) {
    out += "<D:" + name.name + "/>";
    return;
  }
  out += "<" + name.name + " xmlns=\"";
  append_text(out, name.space);
  out += "\"/>";
}

}  // namespace atl::webdav
