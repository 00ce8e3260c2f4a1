// What WebDAV answers with: errors, multi-status documents (RFC 4918 section 13), and folders as a page for browsers.
//
// Always true:
//  - A document about a large folder is made while it is sent: memory holds one page of members.
//  - What a client stored cannot act in a browser: pages and files come with a policy that lets no script run.
// Thread rules: a source is called by one thread at a time; what it refers to (host, locks) outlives every answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "edge/server/exchange.h"
#include "edge/webdav/locks.h"
#include "edge/webdav/properties.h"
#include "edge/webdav/tree.h"

namespace atl::webdav {

// RFC 4918 and RFC 9110 have statuses of their own for some errors; all others are the error table's.
[[nodiscard]] unsigned status_of(const Error& error);
// `condition`: a precondition element of RFC 4918 section 16, or empty.
[[nodiscard]] net::Response answer_error(const Error& error, std::string_view request_id,
                                         std::string_view condition = {});
// A document of type application/xml.
[[nodiscard]] net::Response xml_response(unsigned status, std::string document);
// "image/jpeg" of "beach.JPG"; application/octet-stream where the ending says nothing.
[[nodiscard]] std::string_view media_type_of(std::string_view name);
void add_safety_headers(net::Headers& headers);

inline constexpr std::string_view kMultistatusBegin =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">";
inline constexpr std::string_view kMultistatusEnd = "</D:multistatus>\n";

// The place of a node in the table of locks.
[[nodiscard]] std::string lock_place(const VaultId& vault, const Place& place);
// "<D:activelock>…" of each. `vault` as in the addresses that the client uses.
[[nodiscard]] std::string lock_discovery(const std::vector<Lock>& locks, const std::string& vault,
                                         const std::string& base_path, const platform::Machine& machine);

// Writes nodes as <D:response>.
class Renderer {
 public:
  Renderer(server::Exchange& exchange, const server::VaultUse& use, const LockTable& locks, PropfindRequest request);
  // `vault` is the open vault of the nodes: for quotas.
  void append(std::string& out, const Node& node, vault::Vault& vault) const;
  [[nodiscard]] bool may_see(const Node& node) const;

 private:
  // As it stands within the property's element; none where the node has no such property.
  [[nodiscard]] std::optional<std::string> value_of(Live live, const Node& node, vault::Vault& vault) const;
  [[nodiscard]] std::optional<std::string> quota_of(Live live, const Node& node, vault::Vault& vault) const;
  // True where the node has it: appended whole, or its name only.
  bool append_property(std::string& out, const PropertyName& name, const Node& node, vault::Vault& vault,
                       bool name_only) const;

  server::Host* host_;
  access::Who who_;
  std::shared_ptr<const access::AccessView> view_;
  const LockTable* locks_;
  VaultId vault_;
  std::string base_path_;
  PropfindRequest request_;
  bool is_minimal_ = false;
};

// The members of a folder between a beginning and an end.
class MembersSource final : public net::BodySource {
 public:
  using Append = std::function<void(std::string&, const Node&, vault::Vault&)>;
  MembersSource(server::VaultUse use, Node folder, std::string begin, Append append, std::string end);
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override;

 private:
  [[nodiscard]] Result<void> fill();
  server::VaultUse use_;
  Tree tree_;
  Node folder_;
  Append append_;
  std::string ready_;
  std::size_t sent_ = 0;  // of ready_
  std::string end_;
  std::string after_;
  bool is_done_ = false;
};

// The bytes of a version from `offset` on, verified as they are read.
class FileSource final : public net::BodySource {
 public:
  FileSource(server::VaultUse use, catalog::VersionRow version, std::uint64_t offset, std::uint64_t length);
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override;

 private:
  server::VaultUse use_;
  catalog::VersionRow version_;
  std::uint64_t offset_;
  std::uint64_t left_;
};

// Begin and end of a folder's page, and a line of it.
[[nodiscard]] std::string page_begin(const Place& folder, const std::string& base_path);
void append_page_line(std::string& out, const Node& node, const std::string& base_path);
inline constexpr std::string_view kPageEnd = "</table>\n</body>\n</html>\n";

}  // namespace atl::webdav
