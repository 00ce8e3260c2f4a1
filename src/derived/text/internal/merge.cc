#include "derived/text/internal/merge.h"

#include <algorithm>
#include <bit>
#include <map>

#include "derived/text/internal/postings.h"
#include "derived/text/internal/segment_writer.h"

namespace atl::text::internal {
namespace {

constexpr std::size_t kMergeWidth = 4;                              // of one class, to be merged
constexpr std::size_t kMergeMost = 16;                              // at once
constexpr std::uint64_t kSmallBytes = 256 * 1024;                   // all below are of one class
constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{8} << 30;  // not merged beyond

bool is_set(const Bytes& bits, std::uint32_t at) { return (bits[at / 8] >> (at % 8) & 1U) != 0; }

// Documents of all sources in the order of the result.
class Walk {
 public:
  explicit Walk(const std::vector<MergeSource>& sources) : sources_(sources), next_(sources.size()) {}
  struct Place {
    std::size_t source = 0;
    std::uint32_t doc = 0;
  };
  // The one that becomes `doc`; asked for 0, 1, 2 and so on.
  Place at(std::uint32_t doc) {
    while (true) {
      std::uint32_t& next = next_[current_];
      const auto& map = sources_[current_].map;
      while (next < map.size() && map[next] == kNoDoc) ++next;
      if (next < map.size() && map[next] == doc) return {current_, next++};
      current_ = (current_ + 1) % sources_.size();
    }
  }

 private:
  const std::vector<MergeSource>& sources_;
  std::vector<std::uint32_t> next_;
  std::size_t current_ = 0;
};

class Merge {
 public:
  Merge(std::vector<MergeSource>& sources, const Schema& schema) : sources_(sources), schema_(schema) {}

  // Fills the maps; how many documents stay.
  Result<std::uint32_t> number_documents() {
    std::vector<ColumnCursor> ids;
    std::vector<std::uint32_t> next(sources_.size());
    std::vector<std::optional<std::int64_t>> heads(sources_.size());
    for (const MergeSource& source : sources_) ids.emplace_back(source.segment->ids());
    const auto advance = [&](std::size_t i) -> Result<void> {
      MergeSource& source = sources_[i];
      heads[i].reset();
      while (next[i] < source.map.size() && is_set(source.removals, next[i])) ++next[i];
      if (next[i] == source.map.size()) return {};
      ATOLL_ASSIGN(heads[i], ids[i].value(next[i]));
      return heads[i] ? Result<void>{} : damaged("text.column", "a document of the word index has no id");
    };
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      sources_[i].map.assign(sources_[i].segment->docs(), kNoDoc);
      ATOLL_TRY(advance(i));
    }
    std::uint32_t docs = 0;
    while (true) {
      std::size_t least = sources_.size();
      for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (heads[i] && (least == sources_.size() || *heads[i] < *heads[least])) least = i;
      }
      if (least == sources_.size()) return docs;
      sources_[least].map[next[least]++] = docs++;
      ATOLL_TRY(advance(least));
    }
  }

  Result<void> merge_lengths(SegmentWriter& writer, std::uint32_t docs) {
    for (std::size_t field = 0; field < schema_.size(); ++field) {
      Bytes codes;
      for (const MergeSource& source : sources_) {
        ATOLL_ASSIGN(const Bytes* lengths, source.segment->lengths(static_cast<std::uint8_t>(field)));
        if (lengths == nullptr) continue;
        codes.resize(docs);
        for (std::size_t doc = 0; doc < source.map.size(); ++doc) {
          if (source.map[doc] != kNoDoc) codes[source.map[doc]] = (*lengths)[doc];
        }
      }
      if (!codes.empty()) ATOLL_TRY(writer.set_lengths(static_cast<std::uint8_t>(field), std::move(codes)));
    }
    return {};
  }

  Result<void> merge_terms(SegmentWriter& writer) {
    std::vector<TermCursor> cursors;
    std::vector<bool> more(sources_.size());
    for (const MergeSource& source : sources_) cursors.emplace_back(*source.segment);
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      ATOLL_ASSIGN(more[i], cursors[i].seek({}));
    }
    Bytes key;
    std::vector<std::size_t> having;
    while (true) {
      having.clear();
      for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (!more[i]) continue;
        const auto order =
            having.empty() ? std::strong_ordering::less : compare(cursors[i].key(), cursors[having[0]].key());
        if (order < 0) having.clear();
        if (order <= 0) having.push_back(i);
      }
      if (having.empty()) return {};
      key = to_bytes(cursors[having[0]].key());
      if (key[0] == kWordSpace) {
        std::uint64_t count = 0;
        for (const std::size_t i : having) count += cursors[i].entry().count;
        ATOLL_TRY(writer.add_word(key, count));
      } else {
        ATOLL_TRY(merge_postings(writer, key, having, cursors));
      }
      for (const std::size_t i : having) {
        ATOLL_ASSIGN(more[i], cursors[i].next());
      }
    }
  }

  Result<void> merge_columns(SegmentWriter& writer) {
    std::vector<const Column*> columns;
    for (const MergeSource& source : sources_) columns.push_back(&source.segment->ids());
    ATOLL_TRY(merge_column(writer, kWordSpace, columns));
    for (std::size_t field = 0; field < schema_.size(); ++field) {
      if (schema_[field].kind != FieldKind::number) continue;
      columns.clear();
      for (const MergeSource& source : sources_) {
        columns.push_back(source.segment->numbers(static_cast<std::uint8_t>(field)));
      }
      ATOLL_TRY(merge_column(writer, static_cast<std::uint8_t>(field), columns));
    }
    return {};
  }

 private:
  Result<void> merge_postings(SegmentWriter& writer, const Bytes& key, const std::vector<std::size_t>& having,
                              const std::vector<TermCursor>& cursors) {
    Trouble trouble;
    struct Input {
      std::unique_ptr<PostingCursor> postings;
      const std::vector<std::uint32_t>* map;
      std::uint32_t doc = kNoDoc;  // of the result
      void advance() {
        doc = kNoDoc;
        while (doc == kNoDoc && postings->next() != kNoDoc) doc = (*map)[postings->doc()];
      }
    };
    std::vector<Input> inputs;
    for (const std::size_t i : having) {
      inputs.push_back({std::make_unique<PostingCursor>(*sources_[i].segment, key[0], cursors[i].entry(), trouble),
                        &sources_[i].map});
      inputs.back().advance();
    }
    ATOLL_TRY(writer.begin_term(key));
    while (true) {
      Input* least = nullptr;
      for (Input& input : inputs) {
        if (input.doc != kNoDoc && (least == nullptr || input.doc < least->doc)) least = &input;
      }
      if (least == nullptr) break;
      const std::uint32_t frequency = least->postings->frequency();
      const auto positions = least->postings->positions();
      if (trouble.error) return pass(*trouble.error);
      ATOLL_TRY(writer.add_posting(least->doc, frequency, positions));
      least->advance();
    }
    if (trouble.error) return pass(*trouble.error);
    return writer.end_term();
  }

  Result<void> merge_column(SegmentWriter& writer, std::uint8_t field, const std::vector<const Column*>& columns) {
    std::vector<std::optional<ColumnCursor>> cursors(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] != nullptr) cursors[i].emplace(*columns[i]);
    }
    Walk walk(sources_);
    return writer.add_column(field, [&](std::uint32_t doc) -> Result<std::optional<std::int64_t>> {
      const Walk::Place place = walk.at(doc);
      if (!cursors[place.source]) return std::optional<std::int64_t>();
      return cursors[place.source]->value(place.doc);
    });
  }

  std::vector<MergeSource>& sources_;
  const Schema& schema_;
};

}  // namespace

Result<std::optional<SegmentInfo>> merge_segments(const FileContext& context, const std::string& folder,
                                                  std::uint64_t number, const Salt& salt, const Schema& schema,
                                                  std::vector<MergeSource>& sources) {
  Merge merge(sources, schema);
  ATOLL_ASSIGN(const std::uint32_t docs, merge.number_documents());
  if (docs == 0) return std::optional<SegmentInfo>();
  ATOLL_ASSIGN(auto writer, SegmentWriter::create(context, folder, number, salt, docs, schema));
  ATOLL_TRY(merge.merge_lengths(*writer, docs));
  ATOLL_TRY(merge.merge_terms(*writer));
  ATOLL_TRY(merge.merge_columns(*writer));
  std::uint32_t languages = 0;
  for (const MergeSource& source : sources) languages |= source.segment->footer().languages;
  ATOLL_ASSIGN(const SegmentInfo info, writer->finish(languages));
  return std::optional<SegmentInfo>(info);
}

std::vector<std::size_t> choose_merge(const std::vector<std::shared_ptr<Segment>>& segments) {
  std::map<int, std::vector<std::size_t>> classes;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = *segments[i];
    if (segment.removed() * 2 > segment.docs()) return {i};
    const std::uint64_t bytes = std::max(segment.info().file_bytes, kSmallBytes);
    if (bytes < kSegmentBytesMax) classes[static_cast<int>(std::bit_width(bytes) / 2)].push_back(i);
  }
  for (auto& [size_class, members] : classes) {
    if (members.size() < kMergeWidth) continue;
    std::uint64_t docs = 0;
    std::vector<std::size_t> chosen;
    for (const std::size_t i : members) {
      if (chosen.size() == kMergeMost || docs + segments[i]->docs() > kDocsMax) break;
      docs += segments[i]->docs();
      chosen.push_back(i);
    }
    if (chosen.size() >= kMergeWidth) return chosen;
  }
  return {};
}

}  // namespace atl::text::internal
