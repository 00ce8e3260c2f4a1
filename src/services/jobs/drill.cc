#include "services/jobs/drill.h"

#include <algorithm>
#include <map>

#include "foundation/codec/hash.h"
#include "vault/checks.h"
#include "vault/folder/restore.h"

namespace atl::jobs {
namespace {

using catalog::EntryKind;
using catalog::Listed;
using vault::Vault;

struct Chosen {
  std::string bucket;
  BucketId bucket_id;
  std::string key;
  catalog::VersionRow version;
};

std::uint64_t random_below(platform::Random& random, std::uint64_t bound) {
  std::array<std::uint8_t, 8> bytes{};
  random.fill(bytes);
  return load_le<std::uint64_t>(bytes.data()) % bound;
}

class Drill {
 public:
  Drill(Vault& vault, platform::HostTree& host, const DrillOptions& options)
      : vault_(&vault), from_(options.copy != nullptr ? options.copy : &vault), host_(&host), options_(&options) {}

  Result<DrillReport> run() {
    platform::Clock& clock = vault_->machine().clock;
    const std::int64_t started_ns = clock.monotonic_ns();
    report_.started = clock.now();
    ATOLL_TRY(choose());
    if (options_->copy != nullptr) ATOLL_TRY(name_buckets_of_copy());
    const std::string folder =
        platform::join(options_->folder, "atoll-drill-" + platform::new_id<OperationId>(vault_->machine()).text());
    platform::FileSystem& files = vault_->machine().files;
    ATOLL_TRY(platform::create_directories(files, folder));
    std::size_t number = 0;
    for (const Chosen& one : chosen_) {
      if (options_->stop != nullptr && options_->stop->load()) {
        report_.was_interrupted = true;
        break;
      }
      const std::string target = platform::join(folder, std::to_string(number++));
      const auto tried = try_one(one, target);
      if (!tried) report_.failures.push_back(one.bucket + "/" + one.key + ": " + tried.error().message);
      ++report_.objects;
      report_.bytes += one.version.size;
      ATOLL_TRY(platform::remove_tree(files, target));
    }
    ATOLL_TRY(platform::remove_tree(files, folder));
    report_.seconds = static_cast<double>(clock.monotonic_ns() - started_ns) * 1e-9;
    const bool is_remembered = vault_->is_writable() && options_->copy == nullptr && !report_.was_interrupted;
    if (is_remembered) ATOLL_TRY(remember_drill(*vault_, report_, "restore"));
    return std::move(report_);
  }

 private:
  // Of each bucket a uniform sample (reservoir sampling: Vitter 1985, algorithm R) of its share of the whole.
  Result<void> choose() {
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(const auto buckets, reader->buckets());
    std::vector<catalog::BucketRow> wanted;
    for (const auto& bucket : buckets) {
      if (options_->bucket.empty() || bucket.name == options_->bucket) wanted.push_back(bucket);
    }
    if (wanted.empty() && !options_->bucket.empty()) {
      return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket \"" + options_->bucket + "\"",
                  "`atoll ls` lists the buckets.");
    }
    std::uint64_t files = 0;
    std::vector<std::uint64_t> counts;
    for (const auto& bucket : wanted) {
      ATOLL_ASSIGN(const auto totals, reader->totals(bucket.id));
      counts.push_back(totals.of(EntryKind::file));
      files += counts.back();
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (counts[i] == 0) continue;
      const auto share = std::max<std::uint64_t>(1, options_->objects_max * counts[i] / files);
      ATOLL_TRY(choose_from(*reader, wanted[i], share));
    }
    std::uint64_t bytes = 0;
    std::erase_if(chosen_, [&](const Chosen& one) {
      if (bytes + one.version.size > options_->bytes_max) {
        ++report_.left_out;
        return true;
      }
      bytes += one.version.size;
      return false;
    });
    return {};
  }

  Result<void> choose_from(catalog::CatalogReader& reader, const catalog::BucketRow& bucket, std::uint64_t share) {
    std::vector<Chosen> sample;
    std::uint64_t seen = 0;
    ATOLL_TRY(reader.scan(bucket.id, "", "", [&](const Listed& listed) -> Result<bool> {
      if (listed.version.kind != EntryKind::file) return true;
      if (options_->copy != nullptr && listed.version.begin > options_->copy->journal().last()) {
        ++report_.newer;
        return true;
      }
      ++seen;
      Chosen one{bucket.name, bucket.id, listed.entry.key, listed.version};
      if (sample.size() < share) {
        sample.push_back(std::move(one));
      } else if (const std::uint64_t at = random_below(vault_->machine().random, seen); at < share) {
        sample[at] = std::move(one);
      }
      return options_->stop == nullptr || !options_->stop->load();
    }));
    std::ranges::move(sample, std::back_inserter(chosen_));
    return {};
  }

  Result<void> name_buckets_of_copy() {
    ATOLL_ASSIGN(const auto buckets, from_->reader()->buckets());
    for (const auto& bucket : buckets) copy_buckets_[bucket.id] = bucket;
    return {};
  }

  // What the copy calls the bucket; `damaged` where it has not the version that the home has.
  Result<std::string> find_in_copy(const Chosen& one) {
    const auto bucket = copy_buckets_.find(one.bucket_id);
    if (bucket == copy_buckets_.end())
      return fail(ErrorKind::damaged, "drill.not_in_copy", "the copy lacks its bucket");
    ATOLL_ASSIGN(const auto there, from_->reader()->current(one.bucket_id, one.key));
    if (!there) return fail(ErrorKind::damaged, "drill.not_in_copy", "the copy lacks it");
    if (there->version.version != one.version.version)
      return fail(ErrorKind::damaged, "drill.not_in_copy", "the copy holds another version of it");
    return bucket->second.name;
  }

  Result<void> try_one(const Chosen& one, const std::string& target) {
    vault::RestoreOptions options;
    options.workers = 1;
    options.counts_accesses = false;
    std::string bucket = one.bucket;
    if (options_->copy != nullptr) {
      ATOLL_ASSIGN(bucket, find_in_copy(one));
    }
    std::string why;
    vault::RestoreCallbacks callbacks;
    callbacks.on_problem = [&](const vault::FileProblem& problem) { why = problem.error.message; };
    ATOLL_ASSIGN(const auto summary,
                 vault::restore_folder(*from_, *host_, {bucket, one.key, false}, target, options, callbacks));
    if (summary.problem_count > 0 || summary.files != 1)
      return fail(ErrorKind::failed, "drill.not_restored", why.empty() ? "it was not restored" : why);
    const std::size_t slash = one.key.rfind('/');
    const std::string name = slash == std::string::npos ? one.key : one.key.substr(slash + 1);
    ATOLL_ASSIGN(const auto file, vault_->machine().files.open(platform::join(target, name), platform::OpenMode::read));
    ATOLL_ASSIGN(const std::uint64_t size, file->size());
    if (size != one.version.size) {
      return fail(ErrorKind::damaged, "drill.wrong_size",
                  "restored with " + std::to_string(size) + " bytes in place of " + std::to_string(one.version.size));
    }
    return compare(*file, one.version);
  }

  // Every piece of the content against its own digest, as it now stands on the disk; holes against zeros.
  Result<void> compare(const platform::File& file, const catalog::VersionRow& version) {
    const auto* keys = vault_->keys().domain(version.content.domain);
    if (keys == nullptr) return fail(ErrorKind::wrong_key, "drill.no_keys", "its keys are gone");
    std::uint64_t at = 0;
    auto hole = version.holes.begin();
    ATOLL_TRY(
        vault::for_each_chunk(from_->chunks(), version.content, [&](const ChunkId& id, bool is_list) -> Result<bool> {
          if (is_list) return true;
          ATOLL_ASSIGN(const std::uint64_t length, from_->chunks().length_of(id));
          ATOLL_ASSIGN(const Buffer piece, read_around(file, version, at, hole, length));
          if (codec::blake3_keyed(keys->id_key, piece.view()) != id.bytes) {
            return fail(ErrorKind::damaged, "drill.wrong_bytes",
                        "the bytes before offset " + std::to_string(at) + " are not those that were stored");
          }
          return true;
        }));
    ATOLL_ASSIGN(const Buffer rest, read_around(file, version, at, hole, 0));
    if (at != version.size) return fail(ErrorKind::damaged, "drill.wrong_bytes", "its end is not what was stored");
    return {};
  }

  // The next `length` stored bytes of the file from `at` on; holes in between have to read as zeros.
  static Result<Buffer> read_around(const platform::File& file, const catalog::VersionRow& version, std::uint64_t& at,
                                    std::vector<catalog::Hole>::const_iterator& hole, std::uint64_t length) {
    Buffer out(length);
    std::size_t done = 0;
    for (;;) {
      while (hole != version.holes.end() && hole->offset == at) {
        ATOLL_TRY(check_zeros(file, hole->offset, hole->length));
        at += hole->length;
        ++hole;
      }
      if (done == length) return out;
      const std::uint64_t until = hole != version.holes.end() ? hole->offset : version.size;
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(length - done, until - at));
      if (part == 0) return fail(ErrorKind::damaged, "drill.wrong_bytes", "it is shorter than what was stored");
      ATOLL_TRY(platform::read_exact(file, at, out.span().subspan(done, part), "a restored file"));
      at += part;
      done += part;
    }
  }

  static Result<void> check_zeros(const platform::File& file, std::uint64_t offset, std::uint64_t length) {
    constexpr std::uint64_t kStep = 1 << 20;
    Buffer bytes;
    for (std::uint64_t done = 0; done < length; done += bytes.size()) {
      bytes.resize(static_cast<std::size_t>(std::min(kStep, length - done)));
      ATOLL_TRY(platform::read_exact(file, offset + done, bytes.span(), "a restored file"));
      if (!std::ranges::all_of(bytes.view(), [](std::uint8_t byte) { return byte == 0; }))
        return fail(ErrorKind::damaged, "drill.wrong_bytes", "a hole in it is not empty");
    }
    return {};
  }

  Vault* vault_;  // says what is there
  Vault* from_;   // gives the bytes
  platform::HostTree* host_;
  const DrillOptions* options_;
  DrillReport report_;
  std::vector<Chosen> chosen_;
  std::map<BucketId, catalog::BucketRow> copy_buckets_;
};

}  // namespace

Result<DrillReport> run_drill(Vault& vault, platform::HostTree& host, const DrillOptions& options) {
  return Drill(vault, host, options).run();
}

Result<void> remember_drill(Vault& vault, const DrillReport& report, const std::string& name) {
  catalog::JobRow job;
  job.kind = "drill";
  job.name = name;
  job.started = report.started;
  job.is_ok = report.is_good();
  job.facts["objects"] = std::to_string(report.objects);
  job.facts["failures"] = std::to_string(report.failures.size());
  ATOLL_TRY(vault.commit(journal::CommandKind::job_change,
                         [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                           return vault::put_check(context, changes, job, report.bytes, report.failures.size());
                         }));
  return {};
}

}  // namespace atl::jobs
