// Calendars (RFC 5545) and contacts (RFC 6350, and vCard 2.1 and 3.0): content lines, unfolded.
#include <functional>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

struct ContentLine {
  std::string name;        // small letters, without group
  std::string parameters;  // ";TZID=Europe/Berlin"
  std::string value;       // with \n, \, and \; resolved
};

std::string unescaped(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 == value.size()) {
      out.push_back(value[i]);
      continue;
    }
    ++i;
    out.push_back(value[i] == 'n' || value[i] == 'N' ? '\n' : value[i]);
  }
  return out;
}

void each_line(std::string_view text, const std::function<void(const ContentLine&)>& take) {
  std::string line;
  const auto finish = [&] {
    const std::size_t colon = [&] {
      bool is_quoted = false;
      for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') is_quoted = !is_quoted;
        if (line[i] == ':' && !is_quoted) return i;
      }
      return std::string::npos;
    }();
    if (colon != std::string::npos) {
      ContentLine found;
      const std::size_t name_end = std::min(line.find(';'), colon);
      found.name = lower(std::string_view(line).substr(0, name_end));
      if (const std::size_t dot = found.name.find('.'); dot != std::string::npos) found.name.erase(0, dot + 1);
      found.parameters = line.substr(name_end, colon - name_end);
      found.value = unescaped(std::string_view(line).substr(colon + 1));
      take(found);
    }
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (part.ends_with('\r')) part.remove_suffix(1);
    if (part.starts_with(' ') || part.starts_with('\t')) {
      line += part.substr(1);
    } else {
      finish();
      line = part;
    }
  }
  finish();
}

// "20240309T143000Z" as 2024-03-09T14:30:00Z; without the Z it is local to TZID, whose offset is not in the line.
std::string iso_time(std::string_view value) {
  const auto is_digits = [&](std::size_t at, std::size_t count) {
    return value.size() >= at + count &&
           value.substr(at, count).find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!is_digits(0, 8)) return std::string(value);
  std::string out(value.substr(0, 4));
  out += "-" + std::string(value.substr(4, 2)) + "-" + std::string(value.substr(6, 2));
  if (value.size() >= 15 && value[8] == 'T' && is_digits(9, 6)) {
    out += "T" + std::string(value.substr(9, 2)) + ":" + std::string(value.substr(11, 2)) + ":" +
           std::string(value.substr(13, 2));
    if (value.size() > 15 && value[15] == 'Z') out += "Z";
  }
  return out;
}

std::string without_mailto(std::string_view value) {
  return std::string(starts_with_nocase(value, "mailto:") ? value.substr(7) : value);
}

}  // namespace

Result<void> read_calendar(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  std::string words;
  std::uint64_t events = 0;
  std::uint64_t number = 0;
  bool is_in_event = false;
  std::uint64_t nested = 0;  // components open within it
  each_line(text, [&](const ContentLine& line) {
    if (line.name == "x-wr-calname") job.out.field(field::kTitle, line.value);
    if (line.name == "prodid") job.out.field(field::kGenerator, line.value);
    // What stands within an event, as alarms do, is not the event's own (RFC 5545 section 3.6.6).
    if (is_in_event && line.name == "begin") ++nested;
    if (nested > 0) {
      if (line.name == "end") --nested;
      return;
    }
    if (line.name == "begin") {
      // The components that say what happens or is to be done; time zones and free-busy times are none of them.
      is_in_event = line.value == "VEVENT" || line.value == "VTODO" || line.value == "VJOURNAL";
      if (is_in_event) ++events;
    }
    if (line.name == "end" && is_in_event) {
      job.out.text({PlaceKind::none, ++number, ""}, words);
      words.clear();
      is_in_event = false;
    }
    if (!is_in_event) return;
    const auto say = [&](std::string_view field_name) {
      job.out.field(field_name, line.value);
      words += line.value + "\n";
    };
    if (line.name == "summary") say(field::kSubject);
    if (line.name == "location") say(field::kPlace);
    if (line.name == "description") say(field::kDescription);
    if (line.name == "dtstart") {
      job.out.field(field::kStart, iso_time(line.value));
      words += iso_time(line.value) + "\n";
      job.out.raw("Ics.Dtstart", line.parameters + ":" + line.value);
    }
    if (line.name == "dtend" || line.name == "due") job.out.field(field::kEnd, iso_time(line.value));
    if (line.name == "organizer") job.out.field(field::kSender, without_mailto(line.value));
    if (line.name == "attendee") job.out.field(field::kRecipient, without_mailto(line.value));
  });
  job.out.number(field::kEntityCount, events);
  return {};
}

Result<void> read_contacts(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  std::string words;
  std::uint64_t cards = 0;
  each_line(text, [&](const ContentLine& line) {
    if (line.name == "end") {
      ++cards;
      job.out.text({PlaceKind::none, cards, ""}, words);
      words.clear();
      return;
    }
    const auto say = [&](std::string_view field_name) {
      job.out.field(field_name, line.value);
      words += line.value + "\n";
    };
    if (line.name == "fn") say(field::kName);
    if (line.name == "email") say(field::kEmail);
    if (line.name == "tel") say(field::kTelephone);
    if (line.name == "org") say(field::kOrganization);
    if (line.name == "title" || line.name == "note" || line.name == "adr" || line.name == "nickname")
      words += line.value + "\n";
  });
  job.out.number(field::kEntityCount, cards);
  return {};
}

}  // namespace atl::extract
