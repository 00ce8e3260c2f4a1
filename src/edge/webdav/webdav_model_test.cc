// Random requests against the door, and against a plain tree of names: the same answers, the same files and folders.
#include <algorithm>

#include "edge/webdav/testing/door_fixture.h"

namespace atl::webdav {
namespace {

using namespace testing;  // NOLINT

// Path below the bucket -> content; none: a folder. Every folder is in it.
class PlainTree {
 public:
  std::map<std::string, std::optional<std::string>> nodes;

  static std::string parent(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
  }
  [[nodiscard]] bool exists(const std::string& path) const { return path.empty() || nodes.contains(path); }
  [[nodiscard]] bool is_folder(const std::string& path) const {
    return path.empty() || (nodes.contains(path) && !nodes.at(path));
  }
  static bool holds(const std::string& outer, const std::string& inner) {
    return outer == inner || inner.starts_with(outer + "/");
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::optional<std::string>>> below(const std::string& path) const {
    std::vector<std::pair<std::string, std::optional<std::string>>> out;
    for (const auto& [name, content] : nodes) {
      if (holds(path, name)) out.emplace_back(name.substr(path.size()), content);
    }
    return out;
  }
  void remove(const std::string& path) {
    std::erase_if(nodes, [&](const auto& node) { return holds(path, node.first); });
  }

  unsigned put(const std::string& path, const std::string& content) {
    if (is_folder(path)) return 405;
    if (!is_folder(parent(path))) return 409;
    const bool was_there = exists(path);
    nodes[path] = content;
    return was_there ? 204 : 201;
  }
  unsigned make_folder(const std::string& path) {
    if (exists(path)) return 405;
    if (!is_folder(parent(path))) return 409;
    nodes[path] = std::nullopt;
    return 201;
  }
  unsigned remove_all(const std::string& path) {
    if (!exists(path)) return 404;
    remove(path);
    return 204;
  }
  unsigned transfer(const std::string& from, const std::string& to, bool overwrites, bool is_move, bool is_deep) {
    if (!exists(from)) return 404;
    if (is_move && is_folder(from) && !is_deep) return 400;
    if (from == to || (is_folder(from) && holds(from, to))) return 403;
    if (holds(to, from)) return 403;
    const bool was_there = exists(to);
    if (was_there && !overwrites) return 412;
    if (!is_folder(parent(to))) return 409;
    auto all = below(from);
    if (!is_deep && is_folder(from)) all.resize(1);
    if (was_there) remove(to);
    if (is_move) remove(from);
    for (auto& [rest, content] : all) nodes[to + rest] = std::move(content);
    return was_there ? 204 : 201;
  }
};

class WebDavModelTest : public DoorFixture {
 protected:
  // All that PROPFIND shows, with contents.
  void walk(const std::string& folder, PlainTree& out) {
    const Answer list = find("/dav/docs" + (folder.empty() ? "/" : "/" + folder + "/"), "1", "<D:resourcetype/>");
    ASSERT_EQ(list.status, 207U) << folder;
    const auto root = xml::read(list.body);
    ASSERT_TRUE(root);
    for (const xml::Element& response : root->children) {
      std::string path(response.text_of("href").substr(std::string("/dav/docs/").size()));
      const bool is_folder = path.empty() || path.ends_with('/');
      if (path.ends_with('/')) path.pop_back();
      if (path == folder) continue;
      if (is_folder) {
        out.nodes[path] = std::nullopt;
        walk(path, out);
      } else {
        out.nodes[path] = ask("GET", "/dav/docs/" + path).body;
      }
    }
  }
};

TEST_F(WebDavModelTest, TheTreeIsWhatAPlainTreeWouldBe) {
  const std::vector<std::string> names = {"a", "b", "a/x", "a/y", "b/x", "a/x/1", "b/x/1", "b/x/1/2", "ab"};
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    platform::SeededRandom random(seed);
    PlainTree model;
    EXPECT_TRUE(ask("DELETE", "/dav/docs/a").status < 500 && ask("DELETE", "/dav/docs/b").status < 500);
    EXPECT_LT(ask("DELETE", "/dav/docs/ab").status, 500U);
    for (int step = 0; step < 120; ++step) {
      const std::string& path = names[random.below(names.size())];
      const std::string& to = names[random.below(names.size())];
      const std::string target = "/dav/docs/" + path;
      unsigned expected = 0;
      Answer answer;
      std::string words;
      switch (random.below(7)) {
        case 0:
        case 1: {
          const std::string content = "content " + std::to_string(random.below(5));
          words = "PUT " + path;
          answer = ask("PUT", target, {}, content);
          expected = model.put(path, content);
          break;
        }
        case 2:
          words = "MKCOL " + path;
          answer = ask("MKCOL", target);
          expected = model.make_folder(path);
          break;
        case 3:
          if (!random.one_in(3)) continue;
          words = "DELETE " + path;
          answer = ask("DELETE", target);
          expected = model.remove_all(path);
          break;
        default: {
          const bool is_move = random.one_in(2);
          const bool overwrites = !random.one_in(3);
          const bool is_deep = !random.one_in(4);
          words = std::string(is_move ? "MOVE " : "COPY ") + path + " " + to + (overwrites ? " T" : " F") +
                  (is_deep ? " infinity" : " 0");
          answer = ask(is_move ? "MOVE" : "COPY", target,
                       {{"Destination", "/dav/docs/" + to},
                        {"Overwrite", overwrites ? "T" : "F"},
                        {"Depth", is_deep ? "infinity" : "0"}});
          expected = model.transfer(path, to, overwrites, is_move, is_deep);
        }
      }
      ASSERT_EQ(answer.status, expected) << "seed " << seed << " step " << step << ": " << words << "\n" << answer.body;
      PlainTree found;
      walk("", found);
      ASSERT_EQ(found.nodes, model.nodes) << "seed " << seed << " step " << step << ": " << words;
    }
  }
}

}  // namespace
}  // namespace atl::webdav
