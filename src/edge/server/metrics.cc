#include "edge/server/metrics.h"

#include <algorithm>
#include <charconv>

namespace atl::server {
namespace {

std::string number(double value) {
  std::array<char, 40> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void Histogram::note(double seconds) {
  const auto bound = std::ranges::lower_bound(kBounds, seconds);
  counts_.at(static_cast<std::size_t>(bound - kBounds.begin())).fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(static_cast<std::uint64_t>(std::max(seconds, 0.0) * 1e9), std::memory_order_relaxed);
  latency_.note(seconds);
}

std::array<std::uint64_t, Histogram::kBounds.size() + 1> Histogram::counts() const {
  std::array<std::uint64_t, kBounds.size() + 1> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out.at(i) = counts_.at(i).load(std::memory_order_relaxed);
  return out;
}

std::uint64_t Histogram::count() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t one : counts()) sum += one;
  return sum;
}

void MetricWriter::family(std::string_view name, std::string_view type, std::string_view help) {
  *out_ += "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " + std::string(name) + " " +
           std::string(type) + "\n";
}

void MetricWriter::begin(std::string_view name, const MetricLabels& labels) {
  *out_ += name;
  if (!labels.empty()) {
    char before = '{';
    for (const auto& [label, value] : labels) {
      *out_ += before;
      *out_ += label + "=\"" + escaped(value) + "\"";
      before = ',';
    }
    *out_ += '}';
  }
  *out_ += ' ';
}

void MetricWriter::sample(std::string_view name, const MetricLabels& labels, double value) {
  begin(name, labels);
  *out_ += number(value) + "\n";
}

void MetricWriter::sample(std::string_view name, const MetricLabels& labels, std::uint64_t value) {
  begin(name, labels);
  *out_ += std::to_string(value) + "\n";
}

void MetricWriter::sample(const std::string& name, const MetricLabels& labels, const Histogram& histogram) {
  const auto counts = histogram.counts();
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sum += counts.at(i);
    MetricLabels with_bound = labels;
    with_bound.emplace_back("le", i < Histogram::kBounds.size() ? number(Histogram::kBounds.at(i)) : "+Inf");
    sample(name + "_bucket", with_bound, sum);
  }
  sample(name + "_sum", labels, histogram.sum_seconds());
  sample(name + "_count", labels, sum);
}

Counter& Metrics::counter(const std::string& name, const std::string& help, const MetricLabels& labels) {
  const std::lock_guard lock(mutex_);
  auto& family = counters_[name];
  if (family.help.empty()) family.help = help;
  auto& member = family.members[labels];
  if (!member) member = std::make_unique<Counter>();
  return *member;
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help, const MetricLabels& labels) {
  const std::lock_guard lock(mutex_);
  auto& family = histograms_[name];
  if (family.help.empty()) family.help = help;
  auto& member = family.members[labels];
  if (!member) member = std::make_unique<Histogram>();
  return *member;
}

void Metrics::add_collector(std::function<void(MetricWriter&)> collect) {
  const std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collect));
}

void Metrics::for_each_histogram(const std::string& name,
                                 const std::function<void(const MetricLabels&, const Histogram&)>& visit) const {
  const std::lock_guard lock(mutex_);
  const auto family = histograms_.find(name);
  if (family == histograms_.end()) return;
  for (const auto& [labels, histogram] : family->second.members) visit(labels, *histogram);
}

std::string Metrics::text() const {
  std::string out;
  MetricWriter writer(out);
  std::vector<std::function<void(MetricWriter&)>> collectors;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, family] : counters_) {
      writer.family(name, "counter", family.help);
      for (const auto& [labels, counter] : family.members) writer.sample(name, labels, counter->value());
    }
    for (const auto& [name, family] : histograms_) {
      writer.family(name, "histogram", family.help);
      for (const auto& [labels, histogram] : family.members) writer.sample(name, labels, *histogram);
    }
    collectors = collectors_;
  }
  // Without the lock: they may ask for figures themselves.
  for (const auto& collect : collectors) collect(writer);
  return out;
}

}  // namespace atl::server
