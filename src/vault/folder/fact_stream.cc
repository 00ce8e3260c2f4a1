#include "vault/folder/fact_stream.h"

namespace atl::vault {
namespace {

constexpr std::size_t kFactsPerPage = 4096;
constexpr std::size_t kFactsPerPageOfSome = 256;

}  // namespace

FactStream::FactStream(platform::Threads& threads, catalog::CatalogReader* reader, const BucketId& bucket,
                       std::string prefix, Asked asked)
    : threads_(&threads), reader_(reader), bucket_(bucket), prefix_(std::move(prefix)), asked_(asked) {
  page_.is_last = reader == nullptr;
}

FactStream::~FactStream() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
}

void FactStream::skip_to(std::string_view key) {
  // Any key shortly before it will do: what lies between is only read in vain.
  std::string before(key);
  if (before.empty() || before.back() == '\0') return;
  before.back() = static_cast<char>(static_cast<unsigned char>(before.back()) - 1);
  if (compare(as_bytes(before), as_bytes(after_)) > 0) after_ = std::move(before);
}

Result<FactStream::Page> FactStream::read_page() {
  const std::size_t page_rows = asked_ == Asked::some ? kFactsPerPageOfSome : kFactsPerPage;
  Page page;
  page.facts.reserve(page_rows);
  ATOLL_TRY(
      reader_->scan_source_facts(bucket_, prefix_, after_, [&](const catalog::SourceFacts& facts) -> Result<bool> {
        page.facts.push_back({std::string(facts.key), facts.kind, facts.has_source, facts.mode, facts.uid, facts.gid,
                              facts.size, facts.modified, facts.changed, facts.device, facts.inode});
        return page.facts.size() < page_rows;
      }));
  page.is_last = page.facts.size() < page_rows;
  if (!page.facts.empty()) after_ = page.facts.back().key;
  return page;
}

void FactStream::read_ahead() {
  for (bool goes_on = true; goes_on;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_stopped_ || ahead_.size() < kPagesAhead; });
      if (is_stopped_) return;
    }
    auto page = read_page();
    goes_on = page && !page->is_last;
    {
      const std::lock_guard lock(mutex_);
      ahead_.push_back(std::move(page));
    }
    changed_.notify_all();
  }
}

Result<void> FactStream::next_page() {
  at_ = 0;
  if (thread_ == nullptr) {
    const bool is_first = page_.facts.empty();
    ATOLL_ASSIGN(page_, read_page());
    // The walk costs as much as the reading: from here on each has a core.
    if (is_first && !page_.is_last && asked_ == Asked::most) {
      thread_ = threads_->start("put-known", [this] { read_ahead(); });
    }
    return {};
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ahead_.empty(); });
  auto page = std::move(ahead_.front());
  ahead_.pop_front();
  lock.unlock();
  changed_.notify_all();
  if (!page) page_ = {{}, true};  // nobody reads on behind a failure
  ATOLL_ASSIGN(page_, std::move(page));
  return {};
}

Result<const FactStream::Facts*> FactStream::find(std::string_view key) {
  for (;;) {
    const auto& facts = page_.facts;
    while (at_ < facts.size() && compare(as_bytes(facts[at_].key), as_bytes(key)) < 0) ++at_;
    if (at_ < facts.size()) return facts[at_].key == key ? &facts[at_] : nullptr;
    if (page_.is_last) return nullptr;
    if (asked_ == Asked::some) skip_to(key);
    ATOLL_TRY(next_page());
  }
}

}  // namespace atl::vault
