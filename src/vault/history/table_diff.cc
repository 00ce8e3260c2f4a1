#include "vault/history/table_diff.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "vault/history/edit_script.h"

namespace atl::vault {
namespace {

constexpr std::size_t kColumnsMax = 10'000;
constexpr std::size_t kNone = SIZE_MAX;

using Row = std::vector<std::string>;

// The separator that stands most often in the first record, outside of quotes.
char separator_of(std::string_view text) {
  std::size_t commas = 0;
  std::size_t semicolons = 0;
  std::size_t tabs = 0;
  bool is_quoted = false;
  for (const char c : text) {
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == '\n') break;
    commas += c == ',' ? 1U : 0U;
    semicolons += c == ';' ? 1U : 0U;
    tabs += c == '\t' ? 1U : 0U;
  }
  if (tabs > 0 && tabs >= commas && tabs >= semicolons) return '\t';
  return semicolons > commas ? ';' : ',';
}

// One record from the front of `text`. None where quotes are not as RFC 4180 has them.
std::optional<Row> take_record(std::string_view& text, char separator) {
  Row fields(1);
  while (!text.empty()) {
    std::string& field = fields.back();
    if (field.empty() && text.front() == '"') {
      text.remove_prefix(1);
      for (;;) {
        const std::size_t quote = text.find('"');
        if (quote == std::string_view::npos) return std::nullopt;
        field += text.substr(0, quote);
        text.remove_prefix(quote + 1);
        if (!text.starts_with('"')) break;
        field += '"';
        text.remove_prefix(1);
      }
      const bool is_at_end = text.empty() || text.front() == separator || text.front() == '\n' || text.front() == '\r';
      if (!is_at_end) return std::nullopt;
    } else {
      const std::size_t end = std::min(text.find(separator), text.find('\n'));
      std::string_view plain = text.substr(0, end);
      text.remove_prefix(plain.size());
      if (plain.ends_with('\r') && (text.empty() || text.front() == '\n')) plain.remove_suffix(1);
      field += plain;
    }
    if (text.starts_with("\r\n")) text.remove_prefix(1);
    if (text.empty()) break;
    const char ended_by = text.front();
    if (ended_by != separator && ended_by != '\n') return std::nullopt;
    text.remove_prefix(1);
    if (ended_by == '\n') break;
    if (fields.size() == kColumnsMax) return std::nullopt;
    fields.emplace_back();
  }
  return fields;
}

enum class ValueType : std::uint8_t { empty, whole, number, text };

ValueType type_of(std::string_view value) {
  if (value.empty()) return ValueType::empty;
  const char* const end = value.data() + value.size();
  std::int64_t whole = 0;
  if (const auto got = std::from_chars(value.data(), end, whole); got.ptr == end) return ValueType::whole;
  double number = 0;
  if (const auto got = std::from_chars(value.data(), end, number); got.ptr == end) return ValueType::number;
  return ValueType::text;
}

ValueType type_of_column(const Table& table, std::size_t column) {
  ValueType type = ValueType::empty;
  for (const Row& row : table.rows) type = std::max(type, type_of(row[column]));
  return type;
}

std::size_t index_of(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? kNone : static_cast<std::size_t>(found - names.begin());
}

bool is_unique_and_filled(const Table& table, std::size_t column) {
  std::unordered_set<std::string_view> seen;
  return std::ranges::all_of(table.rows,
                             [&](const Row& row) { return !row[column].empty() && seen.insert(row[column]).second; });
}

class Comparison {
 public:
  Comparison(const Table& before, const Table& after, std::size_t rows_max)
      : before_(before), after_(after), rows_max_(rows_max) {
    for (std::size_t i = 0; i < before.columns.size(); ++i) {
      const std::size_t there = index_of(after.columns, before.columns[i]);
      if (there == kNone) {
        out_.columns_removed.push_back(before.columns[i]);
      } else {
        shared_.emplace_back(i, there);
      }
    }
    for (const std::string& name : after.columns) {
      if (index_of(before.columns, name) == kNone) out_.columns_added.push_back(name);
    }
    for (const auto& [here, there] : shared_) {
      const ValueType one = type_of_column(before, here);
      const ValueType two = type_of_column(after, there);
      if (one != two && one != ValueType::empty && two != ValueType::empty)
        out_.types_changed.push_back(before.columns[here]);
    }
    out_.rows_before = before.rows.size();
    out_.rows_after = after.rows.size();
  }

  Result<TableDifference> run(std::string_view row_column) {
    if (!row_column.empty()) {
      const std::size_t here = index_of(before_.columns, row_column);
      const std::size_t there = index_of(after_.columns, row_column);
      if (here == kNone || there == kNone) {
        return fail(ErrorKind::usage, "diff.no_column",
                    "there is no column '" + std::string(row_column) + "' in " +
                        (here == kNone ? "the older table" : "the newer table"));
      }
      if (!is_unique_and_filled(before_, here) || !is_unique_and_filled(after_, there)) {
        return fail(
            ErrorKind::usage, "diff.not_unique",
            "the column '" + std::string(row_column) + "' does not tell rows apart: a value is empty or there twice",
            "Name another one, or none to compare rows in order.");
      }
      match_by(here, there);
    } else if (!shared_.empty() && shared_.front() == std::pair<std::size_t, std::size_t>{0, 0} &&
               is_unique_and_filled(before_, 0) && is_unique_and_filled(after_, 0)) {
      match_by(0, 0);
    } else {
      match_in_order();
    }
    return std::move(out_);
  }

 private:
  void match_by(std::size_t here, std::size_t there) {
    out_.row_column = before_.columns[here];
    std::unordered_map<std::string_view, const Row*> old_rows;
    for (const Row& row : before_.rows) old_rows.emplace(row[here], &row);
    std::unordered_set<std::string_view> kept;
    for (const Row& row : after_.rows) {
      const auto old = old_rows.find(row[there]);
      if (old == old_rows.end()) {
        add({RowChange::Kind::added, row[there], {}});
      } else {
        kept.insert(row[there]);
        compare(*old->second, row, row[there]);
      }
    }
    for (const Row& row : before_.rows) {
      if (!kept.contains(row[here])) add({RowChange::Kind::removed, row[here], {}});
    }
  }

  // Of what both have, so that a column that came or went does not make every row another one.
  std::vector<std::string> joined(const Table& table, bool is_before) const {
    std::vector<std::string> lines;
    lines.reserve(table.rows.size());
    for (const Row& row : table.rows) {
      std::string line;
      for (const auto& [here, there] : shared_) line.append(row[is_before ? here : there]).push_back('\0');
      lines.push_back(std::move(line));
    }
    return lines;
  }

  void match_in_order() {
    const auto old_lines = joined(before_, true);
    const auto new_lines = joined(after_, false);
    const std::vector<std::string_view> a(old_lines.begin(), old_lines.end());
    const std::vector<std::string_view> b(new_lines.begin(), new_lines.end());
    const auto edits = shortest_edits(a, b);
    if (!edits) {  // too different to be lined up: by their places
      const std::size_t both = std::min(a.size(), b.size());
      for (std::size_t i = 0; i < both; ++i) compare(before_.rows[i], after_.rows[i], std::to_string(i + 1));
      for (std::size_t i = both; i < a.size(); ++i) add({RowChange::Kind::removed, std::to_string(i + 1), {}});
      for (std::size_t i = both; i < b.size(); ++i) add({RowChange::Kind::added, std::to_string(i + 1), {}});
      return;
    }
    std::vector<std::size_t> removed;
    std::vector<std::size_t> added;
    const auto settle = [&] {
      // Rows that stand in each other's place and still have something in common are one row that changed.
      std::size_t i = 0;
      for (; i < std::min(removed.size(), added.size()); ++i) {
        const Row& old = before_.rows[removed[i]];
        const Row& now = after_.rows[added[i]];
        const bool is_same_row =
            std::ranges::any_of(shared_, [&](const auto& one) { return old[one.first] == now[one.second]; });
        if (is_same_row) {
          compare(old, now, std::to_string(added[i] + 1));
        } else {
          add({RowChange::Kind::removed, std::to_string(removed[i] + 1), {}});
          add({RowChange::Kind::added, std::to_string(added[i] + 1), {}});
        }
      }
      for (std::size_t j = i; j < removed.size(); ++j)
        add({RowChange::Kind::removed, std::to_string(removed[j] + 1), {}});
      for (std::size_t j = i; j < added.size(); ++j) add({RowChange::Kind::added, std::to_string(added[j] + 1), {}});
      removed.clear();
      added.clear();
    };
    for (const Edit& edit : *edits) {
      if (edit.kind == '-') {
        removed.push_back(edit.before);
      } else if (edit.kind == '+') {
        added.push_back(edit.after);
      } else {
        settle();
      }
    }
    settle();
  }

  void compare(const Row& old, const Row& now, const std::string& name) {
    RowChange change{RowChange::Kind::changed, name, {}};
    for (const auto& [here, there] : shared_) {
      if (old[here] != now[there]) change.cells.push_back({before_.columns[here], old[here], now[there]});
    }
    if (!change.cells.empty()) add(std::move(change));
  }

  void add(RowChange change) {
    switch (change.kind) {
      case RowChange::Kind::added: ++out_.rows_added; break;
      case RowChange::Kind::removed: ++out_.rows_removed; break;
      case RowChange::Kind::changed: ++out_.rows_changed; break;
    }
    out_.cells_changed += change.cells.size();
    if (out_.rows.size() < rows_max_) {
      out_.rows.push_back(std::move(change));
    } else {
      out_.is_cut_off = true;
    }
  }

  const Table& before_;
  const Table& after_;
  std::size_t rows_max_;
  std::vector<std::pair<std::size_t, std::size_t>> shared_;  // columns both have: where here, where there
  TableDifference out_;
};

}  // namespace

std::string_view name_of(RowChange::Kind kind) {
  switch (kind) {
    case RowChange::Kind::added: return "added";
    case RowChange::Kind::removed: return "removed";
    case RowChange::Kind::changed: break;
  }
  return "changed";
}

bool is_named_table(std::string_view key, std::string_view content_type) {
  std::string ending(key.substr(std::min(key.rfind('.'), key.size())));
  std::ranges::transform(ending, ending.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return ending == ".csv" || ending == ".tsv" || ending == ".tab" || content_type.starts_with("text/csv") ||
         content_type.starts_with("text/tab-separated-values");
}

std::optional<Table> parse_table(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.empty()) return std::nullopt;
  const char separator = separator_of(text);
  Table table;
  auto names = take_record(text, separator);
  if (!names || names->size() < 2) return std::nullopt;
  table.columns = std::move(*names);
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : table.columns) {
    if (name.empty() || !seen.insert(name).second) return std::nullopt;
  }
  while (!text.empty()) {
    auto row = take_record(text, separator);
    if (!row || row->size() > table.columns.size()) return std::nullopt;
    const bool is_empty_line = row->size() == 1 && row->front().empty();
    if (is_empty_line) continue;
    row->resize(table.columns.size());
    table.rows.push_back(std::move(*row));
  }
  return table;
}

Result<TableDifference> diff_tables(const Table& before, const Table& after, std::string_view row_column,
                                    std::size_t rows_max) {
  return Comparison(before, after, rows_max).run(row_column);
}

}  // namespace atl::vault
