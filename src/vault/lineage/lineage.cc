#include "vault/lineage/lineage.h"

#include <algorithm>
#include <map>

namespace atl::vault {
namespace {

using catalog::Source;
using VersionName = std::pair<ObjectId, VersionId>;

class Trace {
 public:
  Trace(Vault& vault, const LineageOptions& options) : reader_(vault.reader()), options_(options) {}

  Result<Lineage> run(const Objects::Found& from) {
    LineageNode first;
    first.state = LineageNode::State::kept;
    first.object = from.version.object;
    first.version = from.version.version;
    first.bucket = from.bucket.name;
    first.key = from.entry.key;
    first.row = from.version;
    known_[{first.object, first.version}] = 0;
    lineage_.nodes.push_back(std::move(first));
    for (std::size_t at = 0; at < lineage_.nodes.size(); ++at) {
      ATOLL_TRY(options_.is_downstream ? follow_down(at) : follow_up(at));
    }
    if (options_.is_downstream) ATOLL_TRY(find_names());
    for (const LineageNode& node : lineage_.nodes) {
      if (node.state == LineageNode::State::erased || node.state == LineageNode::State::missing) ++lineage_.broken;
      lineage_.is_cut = lineage_.is_cut || node.is_cut;
    }
    return std::move(lineage_);
  }

 private:
  [[nodiscard]] bool is_at_end(const LineageNode& node) const {
    return node.depth >= options_.depth || lineage_.nodes.size() >= options_.nodes_max;
  }

  Result<void> follow_up(std::size_t at) {
    if (!lineage_.nodes[at].row) return {};
    const std::vector<Source> sources = lineage_.nodes[at].row->sources;
    for (const Source& source : sources) {
      ATOLL_ASSIGN(const auto node, node_of(source, at));
      if (node) lineage_.edges.push_back({at, *node});
    }
    return {};
  }

  Result<void> follow_down(std::size_t at) {
    if (lineage_.nodes[at].state == LineageNode::State::outside) return {};
    const std::size_t room = options_.nodes_max + 1;
    ATOLL_ASSIGN(const auto all, reader_->derived_from(lineage_.nodes[at].object, lineage_.nodes[at].version, room));
    for (const auto& [object, version] : all) {
      ATOLL_ASSIGN(const auto node, node_of({object, version, {}}, at));
      if (node) lineage_.edges.push_back({*node, at});
    }
    return {};
  }

  // None where the graph ends there.
  Result<std::optional<std::size_t>> node_of(const Source& source, std::size_t from) {
    const VersionName id{source.object, source.version};
    if (source.object.is_none()) {
      if (const auto found = words_.find(source.words); found != words_.end()) return found->second;
    } else if (const auto found = known_.find(id); found != known_.end()) {
      return found->second;
    }
    if (is_at_end(lineage_.nodes[from])) {
      lineage_.nodes[from].is_cut = true;
      return std::nullopt;
    }
    LineageNode node;
    node.depth = lineage_.nodes[from].depth + 1;
    node.words = source.words;
    const std::size_t index = lineage_.nodes.size();
    if (source.object.is_none()) {
      words_[source.words] = index;
      lineage_.nodes.push_back(std::move(node));
      return index;
    }
    known_[id] = index;
    node.object = source.object;
    node.version = source.version;
    ATOLL_ASSIGN(node.row, reader_->version(source.object, source.version));
    node.state = node.row ? LineageNode::State::kept : LineageNode::State::missing;
    if (!node.row) {
      catalog::ErasureRow erasure;
      erasure.object = source.object;
      erasure.version = source.version;
      ATOLL_ASSIGN(node.erased, reader_->one<catalog::ErasureRow>(catalog::key_of(erasure)));
      if (node.erased) node.state = LineageNode::State::erased;
    }
    ATOLL_TRY(name_by_words(node));
    lineage_.nodes.push_back(std::move(node));
    return index;
  }

  // The name it was given under, where that still leads to the same object.
  Result<void> name_by_words(LineageNode& node) {
    const auto address = parse_address(node.words);
    if (!address || address->key.empty()) return {};
    ATOLL_ASSIGN(const auto bucket, reader_->bucket_named(address->bucket));
    if (!bucket) return {};
    ATOLL_ASSIGN(const auto split, split_version(*reader_, bucket->id, address->key));
    ATOLL_ASSIGN(const auto entry, reader_->entry(bucket->id, split.key));
    if (!entry || entry->object != node.object) return {};
    node.bucket = bucket->name;
    node.key = split.key;
    return {};
  }

  Result<void> find_names() {
    std::map<BucketId, std::multimap<ObjectId, std::size_t>> nameless;
    for (std::size_t i = 0; i < lineage_.nodes.size(); ++i) {
      const LineageNode& node = lineage_.nodes[i];
      if (node.key.empty() && node.row) nameless[node.row->bucket].emplace(node.object, i);
    }
    for (auto& [id, objects] : nameless) {
      ATOLL_ASSIGN(const auto bucket, reader_->bucket(id));
      catalog::ListQuery query;
      query.bucket = id;
      query.include_deleted = true;
      for (bool has_more = bucket.has_value(); has_more && !objects.empty();) {
        ATOLL_ASSIGN(const auto page, reader_->list(query));
        for (const auto& item : page.items) {
          const auto [begin, end] = objects.equal_range(item.entry.object);
          for (auto one = begin; one != end; ++one) {
            lineage_.nodes[one->second].bucket = bucket->name;
            lineage_.nodes[one->second].key = item.entry.key;
          }
          objects.erase(begin, end);
        }
        has_more = page.has_more;
        query.after = page.next_after;
      }
    }
    return {};
  }

  std::unique_ptr<catalog::CatalogReader> reader_;
  LineageOptions options_;
  Lineage lineage_;
  std::map<VersionName, std::size_t> known_;
  std::map<std::string, std::size_t> words_;
};

}  // namespace

std::string LineageNode::name() const {
  if (state == State::outside) return words;
  std::string text = key.empty() ? words : bucket + "/" + key;
  if (text.empty()) text = "object " + object.text();
  // What a source was named with says its label already.
  if (key.empty() && text.find('@') != std::string::npos) return text;
  return text + "@" + (row && !row->label.empty() ? row->label : version.text());
}

Result<Lineage> trace_lineage(Vault& vault, const Objects::Found& from, const LineageOptions& options) {
  return Trace(vault, options).run(from);
}

}  // namespace atl::vault
