#include "edge/serve/figures.h"

#include <algorithm>

#include "derived/search/search_index.h"
#include "edge/serve/commit.h"
#include "edge/server/watched_host.h"
#include "vault/status.h"

namespace atl::serve {
namespace {

#ifndef ATOLL_VERSION
#define ATOLL_VERSION "0"
#endif

struct Searched {
  std::string vault;
  search::Coverage coverage;
  search::MeaningState meaning;
  LatencyCounts times;  // since the server was started
};

void write_search(const std::vector<Searched>& all, server::MetricWriter& out) {
  const auto family = [&](const char* name, const char* help, auto value) {
    out.family(name, "gauge", help);
    for (const Searched& one : all) out.sample(name, {{"vault", one.vault}}, std::uint64_t{value(one)});
  };
  family("atoll_search_objects", "That can be found, by their names at least.",
         [](const Searched& one) { return one.coverage.objects; });
  family("atoll_search_contents_waiting", "Found by names only so far.",
         [](const Searched& one) { return one.coverage.contents_waiting; });
  family("atoll_search_passages", "That can be found by meaning.",
         [](const Searched& one) { return one.meaning.passages; });
  family("atoll_search_meaning_waiting", "Texts that have no vectors of the chosen embedder yet.",
         [](const Searched& one) { return one.meaning.waiting; });
  family("atoll_search_vector_bytes", "Of the vectors' index on disk.",
         [](const Searched& one) { return one.meaning.file_bytes; });
  family("atoll_search_embedder_up", "0: the chosen embedder does not answer.",
         [](const Searched& one) { return one.meaning.trouble.empty() ? 1U : 0U; });
  out.family("atoll_gate_files", "gauge", "Files by the gates of their buckets, by how far they came.");
  for (const Searched& one : all) {
    const std::uint64_t passed = one.coverage.judged - std::min(one.coverage.judged, one.coverage.quarantined);
    for (const auto& [stage, count] : {std::pair("judged", one.coverage.judged), std::pair("passed", passed),
                                       std::pair("quarantined", one.coverage.quarantined)})
      out.sample("atoll_gate_files", {{"vault", one.vault}, {"stage", stage}}, std::uint64_t{count});
  }
  family("atoll_gates_unfinished", "Gates that changed, and by which not everything was judged yet.",
         [](const Searched& one) { return one.coverage.gates_unfinished; });
  out.family("atoll_search_seconds", "summary",
             "How long answers to questions took inside, since the server was started.");
  for (const Searched& one : all) {
    for (const auto& [name, share] : {std::pair("0.5", 0.5), std::pair("0.99", 0.99)})
      out.sample("atoll_search_seconds", {{"vault", one.vault}, {"quantile", name}}, one.times.quantile(share));
    out.sample("atoll_search_seconds_count", {{"vault", one.vault}}, one.times.total());
  }
}

}  // namespace

void add_figures(server::Host& host, const net::HttpServer& listening) {
  host.metrics().add_collector([&host, &listening](server::MetricWriter& out) {
    const net::ServerStats stats = listening.stats();
    out.family("atoll_build_info", "gauge", "The program that runs.");
    out.sample("atoll_build_info", {{"version", ATOLL_VERSION}, {"commit", std::string(build_commit())}},
               std::uint64_t{1});
    out.family("atoll_connections", "gauge", "Connections that are open.");
    out.sample("atoll_connections", {}, stats.connections_open);
    out.family("atoll_requests_in_flight", "gauge", "Requests that are being answered.");
    out.sample("atoll_requests_in_flight", {}, stats.requests_in_flight);
    out.family("atoll_requests_malformed_total", "counter", "Requests refused before anybody looked at them.");
    out.sample("atoll_requests_malformed_total", {}, stats.requests_malformed);
    out.family("atoll_received_bytes_total", "counter", "Bytes that came in.");
    out.sample("atoll_received_bytes_total", {}, stats.received_bytes);
    out.family("atoll_sent_bytes_total", "counter", "Bytes that went out.");
    out.sample("atoll_sent_bytes_total", {}, stats.sent_bytes);
    out.family("atoll_uptime_seconds", "gauge", "Since the server was started.");
    out.sample("atoll_uptime_seconds", {},
               static_cast<double>(host.machine().clock.monotonic_ns() - host.started_monotonic_ns()) * 1e-9);
    out.family("atoll_query_duration_seconds", "histogram",
               "From the header of a request that changes nothing to the first byte of its answer.");
    for (std::size_t i = 0; i < observe::kDoorCount; ++i)
      out.sample("atoll_query_duration_seconds", {{"door", std::string(observe::kDoors.at(i))}},
                 host.door_counts(i).queries);
    struct Row {
      std::string vault;
      vault::VaultStatus status;
      chunk::ChunkStats chunks;
    };
    std::vector<Row> rows;
    std::vector<Searched> searched;
    for (const auto& listed : host.vaults()) {
      const auto use = host.use(listed.id, {"server", "", ""});
      if (!use) continue;
      auto status = vault::vault_status(use->vault());
      if (status) rows.push_back({listed.name, std::move(*status), use->vault().chunks().stats()});
      if (use->search() == nullptr) continue;
      auto coverage = use->search()->coverage(use->vault());
      if (!coverage) continue;
      searched.push_back(
          {listed.name, std::move(*coverage), use->search()->meaning_state(), use->search()->answer_times()});
    }
    const auto family = [&](const char* name, const char* help, auto value) {
      out.family(name, "gauge", help);
      for (const Row& row : rows) out.sample(name, {{"vault", row.vault}}, value(row.status));
    };
    family("atoll_objects", "Objects that are there.",
           [](const vault::VaultStatus& s) { return s.files + s.folders + s.others; });
    family("atoll_logical_bytes", "Of current versions, as a reader sees them.",
           [](const vault::VaultStatus& s) { return s.logical_bytes; });
    family("atoll_unique_bytes", "Of chunks, before compression.",
           [](const vault::VaultStatus& s) { return s.unique_bytes; });
    family("atoll_stored_bytes", "Of packs on disk.", [](const vault::VaultStatus& s) { return s.pack_bytes; });
    family("atoll_journal_bytes", "Of the journal on disk.",
           [](const vault::VaultStatus& s) { return s.journal_bytes; });
    family("atoll_available_bytes", "Free on the disk of the home.",
           [](const vault::VaultStatus& s) { return s.available_bytes; });
    family("atoll_last_lsn", "The number of the last change.",
           [](const vault::VaultStatus& s) { return s.last_lsn.value; });
    family("atoll_dedup_ratio", "Logical bytes by unique bytes.", [](const vault::VaultStatus& s) {
      return s.unique_bytes == 0 ? 1.0 : static_cast<double>(s.logical_bytes) / static_cast<double>(s.unique_bytes);
    });
    family("atoll_findings", "What is not safe yet.",
           [](const vault::VaultStatus& s) { return static_cast<std::uint64_t>(s.findings.size()); });
    family("atoll_last_verify_timestamp_seconds", "When everything was read and checked last; 0: never.",
           [](const vault::VaultStatus& s) {
             return static_cast<std::uint64_t>(s.last_data_verify ? s.last_data_verify->unix_us / 1'000'000 : 0);
           });
    out.family("atoll_scrub_errors_total", "counter",
               "Places in packs that reads and checks found damaged or gone, since the server was started.");
    for (const Row& row : rows)
      out.sample("atoll_scrub_errors_total", {{"vault", row.vault}},
                 row.chunks.healed_reads + row.chunks.failed_reads + row.chunks.verify_errors);
    write_search(searched, out);
    if (host.observer() != nullptr) server::write_health(*host.observer()->health(), out);
  });
}

}  // namespace atl::serve
