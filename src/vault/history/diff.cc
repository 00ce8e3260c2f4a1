#include "vault/history/diff.h"

#include <algorithm>
#include <unordered_set>

#include "vault/history/edit_script.h"

namespace atl::vault {
namespace {

using catalog::Listed;
using catalog::VersionRow;

constexpr std::size_t kPageRows = 1000;
constexpr std::size_t kChunksMax = 8'000'000;
constexpr std::size_t kContextLines = 3;
constexpr std::size_t kTextProbeBytes = 8 * 1024;

// One view's objects in key order, a page at a time.
class Walk {
 public:
  Walk(View& view, const BucketId& bucket, std::string_view prefix) : view_(&view) {
    query_.bucket = bucket;
    query_.prefix = prefix;
    query_.limit = kPageRows;
  }
  // Null at the end.
  Result<const Listed*> peek() {
    while (at_ == page_.items.size()) {
      if (is_begun_ && !page_.has_more) return nullptr;
      if (is_begun_) query_.after = page_.next_after;
      is_begun_ = true;
      at_ = 0;
      ATOLL_ASSIGN(page_, view_->list(query_));
    }
    return &page_.items[at_];
  }
  void skip() { ++at_; }

 private:
  View* view_;
  catalog::ListQuery query_;
  catalog::ListPage page_;
  std::size_t at_ = 0;
  bool is_begun_ = false;
};

Difference compare_versions(const Listed& before, const Listed& after) {
  const VersionRow& a = before.version;
  const VersionRow& b = after.version;
  Difference difference;
  difference.before = &before;
  difference.after = &after;
  difference.is_content = a.kind != b.kind || a.size != b.size || !(a.content == b.content) || a.holes != b.holes ||
                          a.link_target != b.link_target;
  difference.is_facts = a.mode != b.mode || a.uid != b.uid || a.gid != b.gid || a.modified != b.modified ||
                        a.attributes != b.attributes || a.device_number != b.device_number;
  difference.is_words =
      a.metadata != b.metadata || a.tags != b.tags || a.content_type != b.content_type || a.label != b.label;
  return difference;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

std::string hunk_place(std::size_t first, std::size_t count) {
  // diff(1): a range of no lines names the line before it.
  return std::to_string(count == 0 ? first : first + 1) + (count == 1 ? "" : "," + std::to_string(count));
}

}  // namespace

Result<void> diff_names(View& before, View& after, const BucketId& bucket, std::string_view prefix,
                        const std::function<Result<bool>(const Difference&)>& visit) {
  Walk old_walk(before, bucket, prefix);
  Walk new_walk(after, bucket, prefix);
  for (;;) {
    ATOLL_ASSIGN(const Listed* const old_one, old_walk.peek());
    ATOLL_ASSIGN(const Listed* const new_one, new_walk.peek());
    if (old_one == nullptr && new_one == nullptr) return {};
    auto order = std::strong_ordering::equal;
    if (old_one == nullptr || new_one == nullptr) {
      order = old_one == nullptr ? std::strong_ordering::greater : std::strong_ordering::less;
    } else {
      order = compare(as_bytes(old_one->entry.key), as_bytes(new_one->entry.key));
    }
    Difference difference;
    if (order == 0) {  // in both
      if (old_one->version.version != new_one->version.version) difference = compare_versions(*old_one, *new_one);
    } else if (order < 0) {
      difference.kind = Difference::Kind::removed;
      difference.before = old_one;
    } else {
      difference.kind = Difference::Kind::added;
      difference.after = new_one;
    }
    const bool is_one = order != 0 || difference.is_content || difference.is_facts || difference.is_words;
    if (is_one) {
      ATOLL_ASSIGN(const bool goes_on, visit(difference));
      if (!goes_on) return {};
    }
    if (order <= 0) old_walk.skip();
    if (order >= 0) new_walk.skip();
  }
}

Result<ContentDifference> diff_contents(chunk::ChunkStore& chunks, const catalog::ContentReference& before,
                                        const catalog::ContentReference& after) {
  std::unordered_set<ChunkId> known;
  ATOLL_TRY(for_each_chunk(chunks, before, [&](const ChunkId& id, bool is_list) -> Result<bool> {
    if (!is_list) known.insert(id);
    if (known.size() > kChunksMax)
      return fail(ErrorKind::limit, "diff.too_large", "this content has too many pieces to be compared");
    return true;
  }));
  ContentDifference difference;
  std::uint64_t at = 0;
  ATOLL_TRY(for_each_chunk(chunks, after, [&](const ChunkId& id, bool is_list) -> Result<bool> {
    if (is_list) return true;
    ATOLL_ASSIGN(const std::uint64_t length, chunks.length_of(id));
    if (known.contains(id)) {
      difference.shared_bytes += length;
    } else {
      difference.changed_bytes += length;
      auto& ranges = difference.changed;
      if (!ranges.empty() && ranges.back().offset + ranges.back().length == at) {
        ranges.back().length += length;
      } else {
        ranges.push_back({at, length});
      }
    }
    at += length;
    return true;
  }));
  return difference;
}

bool looks_like_text(std::string_view bytes) {
  return bytes.substr(0, kTextProbeBytes).find('\0') == std::string_view::npos;
}

std::optional<std::string> diff_lines(std::string_view before, std::string_view after) {
  if (before == after) return std::string();
  const auto a = lines_of(before);
  const auto b = lines_of(after);
  const auto edits = shortest_edits(a, b);
  if (!edits) return std::nullopt;
  std::string text;
  const auto is_change = [&](std::size_t i) { return (*edits)[i].kind != ' '; };
  for (std::size_t i = 0; i < edits->size();) {
    if (!is_change(i)) {
      ++i;
      continue;
    }
    const std::size_t first = i - std::min(i, kContextLines);
    std::size_t last_change = i;  // changes with at most twice the context between them share a hunk
    for (std::size_t j = i; j < edits->size() && j <= last_change + 2 * kContextLines; ++j) {
      if (is_change(j)) last_change = j;
    }
    const std::size_t end = std::min(edits->size(), last_change + kContextLines + 1);
    std::size_t before_count = 0;
    std::size_t after_count = 0;
    std::string body;
    for (std::size_t j = first; j < end; ++j) {
      const Edit& edit = (*edits)[j];
      const std::string_view line = edit.kind == '+' ? b[edit.after] : a[edit.before];
      if (edit.kind != '+') ++before_count;
      if (edit.kind != '-') ++after_count;
      body += edit.kind;
      body += line;
      if (!line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
    }
    text += "@@ -" + hunk_place((*edits)[first].before, before_count) + " +" +
            hunk_place((*edits)[first].after, after_count) + " @@\n" + body;
    i = end;
  }
  return text;
}

}  // namespace atl::vault
