// What Office 97 wrote into compound files: documents ([MS-DOC]), presentations ([MS-PPT]), messages ([MS-OXMSG]);
// workbooks have a file of their own. And the properties that all of them have ([MS-OLEPS]).
#include <algorithm>
#include <array>

#include "derived/extract/internal/compound_file.h"
#include "derived/extract/internal/excel_97.h"
#include "derived/extract/internal/markup.h"
#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

std::uint32_t u32(ByteView bytes, std::size_t at) {
  return at > bytes.size() || bytes.size() - at < 4 ? 0U : load_le<std::uint32_t>(bytes.data() + at);
}
std::uint16_t u16(ByteView bytes, std::size_t at) {
  return at > bytes.size() || bytes.size() - at < 2 ? std::uint16_t{0} : load_le<std::uint16_t>(bytes.data() + at);
}
std::uint64_t u64(ByteView bytes, std::size_t at) {
  return static_cast<std::uint64_t>(u32(bytes, at)) | (static_cast<std::uint64_t>(u32(bytes, at + 4)) << 32U);
}
ByteView slice(ByteView bytes, std::size_t at, std::size_t count) {
  if (at > bytes.size()) return {};
  return bytes.subspan(at, std::min(count, bytes.size() - at));
}

// 100 ns since 1601.
std::string file_time(std::uint64_t ticks) {
  constexpr std::uint64_t kFrom1601To1970 = 11'644'473'600;
  const std::uint64_t seconds = ticks / 10'000'000;
  if (seconds <= kFrom1601To1970 || seconds > kFrom1601To1970 + 10'000'000'000) return {};
  return format_rfc3339(FileTime{static_cast<std::int64_t>(seconds - kFrom1601To1970), 0});
}

void read_summary(Job& job, ByteView set) {
  const std::size_t section = u32(set, 44);
  const std::size_t count = std::min<std::size_t>(u32(set, section + 4), 100);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t id = u32(set, section + 8 + 8 * i);
    const std::size_t at = section + u32(set, section + 12 + 8 * i);
    const std::uint32_t type = u32(set, at);
    std::string value;
    if (type == 30) value = guess_utf8(as_text(slice(set, at + 8, u32(set, at + 4))));
    if (type == 31)
      value = from_utf16(slice(set, at + 8, std::size_t{2} * std::min(u32(set, at + 4), 1U << 20U)), false);
    if (type == 64) value = file_time(u64(set, at + 4));
    if (type == 3) value = std::to_string(u32(set, at + 4));
    while (!value.empty() && value.back() == '\0') value.pop_back();
    if (value.empty()) continue;
    job.out.raw("Ole.Summary." + std::to_string(id), value);
    if (id == 2) job.out.field(field::kTitle, value);
    if (id == 3) job.out.field(field::kSubject, value);
    if (id == 4) job.out.field(field::kCreator, value);
    if (id == 5) job.out.field(field::kKeywords, value);
    if (id == 6) job.out.field(field::kDescription, value);
    if (id == 8) job.out.field(field::kContributor, value);
    if (id == 12) job.out.field(field::kCreated, value);
    if (id == 13) job.out.field(field::kModified, value);
    if (id == 14 && value != "0") job.out.field(field::kPageCount, value);
    if (id == 18) job.out.field(field::kGenerator, value);
  }
}

// [MS-DOC] 2.4.1: the text is in pieces, which the table stream's Clx lists.
Result<void> read_doc(Job& job, const CompoundFile& file) {
  const Bytes document = file.read("WordDocument");
  const std::uint16_t flags = u16(document, 0x0A);
  if (u16(document, 0) != 0xA5EC) return fail(ErrorKind::damaged, "extract.malformed", "its text is damaged");
  if ((flags & 0x0100U) != 0) return fail(ErrorKind::failed, "extract.encrypted", "it is encrypted");
  const Bytes table = file.read((flags & 0x0200U) != 0 ? "1Table" : "0Table");
  const ByteView clx = slice(table, u32(document, 0x01A2), u32(document, 0x01A6));
  std::size_t at = 0;
  while (at < clx.size() && clx[at] == 1) at += 3 + std::size_t{u16(clx, at + 1)};
  if (at >= clx.size() || clx[at] != 2)
    return fail(ErrorKind::damaged, "extract.malformed", "it does not say where its text is");
  const ByteView pieces = slice(clx, at + 5, u32(clx, at + 1));
  const std::size_t count = pieces.size() < 16 ? 0 : (pieces.size() - 4) / 12;
  std::string text;
  std::uint64_t room = job.out.budget().text_bytes + 1;
  for (std::size_t i = 0; i < count && room > 0; ++i) {
    const std::uint32_t begin = u32(pieces, 4 * i);
    const std::uint32_t end = u32(pieces, 4 * i + 4);
    const std::uint32_t position = u32(pieces, 4 * (count + 1) + 8 * i + 2);
    if (end <= begin) continue;
    const std::size_t letters = std::min<std::size_t>(end - begin, static_cast<std::size_t>(room));
    room -= letters;
    if ((position & 0x40000000U) != 0) {
      text += from_windows_1252(as_text(slice(document, (position & 0x3FFFFFFFU) / 2, letters)));
    } else {
      text += from_utf16(slice(document, position, 2 * letters), false);
    }
  }
  // Fields: what is computed stands between 0x13 and 0x14, its result behind it.
  std::string shown;
  int hidden = 0;
  for (const char c : text) {
    if (c == 0x13) ++hidden;
    if ((c == 0x14 || c == 0x15) && hidden > 0) --hidden;
    if (hidden > 0) continue;
    shown.push_back(c == 0x07 ? '\t' : c == 0x0C ? '\n' : c);
  }
  job.out.text(shown);
  return {};
}

// [MS-PPT] 2.3: records in records. Text stands in the list of slides and in their text boxes.
class PresentationReader {
 public:
  explicit PresentationReader(Job& job) : job_(&job) {}

  void walk(ByteView records, int depth) {
    while (records.size() >= 8 && ++count_ < 1'000'000) {
      const std::uint16_t version = u16(records, 0);
      const std::uint16_t type = u16(records, 2);
      const std::size_t length = std::min<std::size_t>(u32(records, 4), records.size() - 8);
      const ByteView body = records.subspan(8, length);
      records = records.subspan(8 + length);
      constexpr std::uint16_t kSlide = 1006, kNotes = 1008, kListEntry = 1011, kText = 4000, kBytes = 4008,
                              kList = 4080;
      if (type == kSlide) {
        place_ = {PlaceKind::slide, ++slides_, ""};
      } else if (type == kNotes) {
        place_ = {PlaceKind::slide, std::max<std::uint64_t>(slides_, 1), "notes"};
      } else if (type == kList) {
        is_slides_ = version >> 4U == 0;
        entries_ = 0;
        place_ = {};
      } else if (type == kListEntry) {
        ++entries_;
        if (is_slides_) place_ = {PlaceKind::slide, entries_, ""};
      }
      if (type == kText) {
        job_->out.text(place_, from_utf16(body, false));
      } else if (type == kBytes) {
        job_->out.text(place_, from_windows_1252(as_text(body)));
      } else if ((version & 0x0FU) == 0x0F && depth < 30) {
        walk(body, depth + 1);
      }
    }
  }
  [[nodiscard]] std::uint64_t slides() const { return slides_; }

 private:
  Job* job_;
  Place place_;
  std::uint64_t slides_ = 0;
  std::uint64_t entries_ = 0;
  bool is_slides_ = false;
  int count_ = 0;
};

// [MS-OXMSG] 2.1: each property of text is a stream named by its number and type.
std::string message_text(const CompoundFile& file, const std::string& storage, std::string_view property) {
  const std::string name = storage + "__substg1.0_" + std::string(property);
  if (file.has(name + "001F")) return from_utf16(file.read(name + "001F"), false);
  return guess_utf8(as_text(file.read(name + "001E")));
}

Result<void> read_message(Job& job, const CompoundFile& file) {
  Findings& out = job.out;
  const std::string subject = message_text(file, "", "0037");
  std::string sender = message_text(file, "", "0C1A");
  std::string address = message_text(file, "", "5D01");
  if (address.empty()) address = message_text(file, "", "0C1F");
  if (!address.empty() && address != sender) sender += " <" + address + ">";
  out.field(field::kTitle, subject);
  out.field(field::kSubject, subject);
  out.field(field::kSender, sender);
  out.field(field::kMessageId, message_text(file, "", "1035"));
  const Bytes properties = file.read("__properties_version1.0");
  for (std::size_t at = 32; at + 16 <= properties.size(); at += 16) {
    const std::uint32_t tag = u32(properties, at);
    if (tag == 0x00390040 || tag == 0x0E060040) out.field(field::kCreated, file_time(u64(properties, at + 8)));
  }
  std::string recipients;
  std::vector<std::string> attachments;
  for (const CompoundFile::Stream& stream : file.streams()) {
    const std::size_t slash = stream.path.find('/');
    if (slash == std::string::npos) continue;
    const std::string storage = stream.path.substr(0, slash + 1);
    if (storage.starts_with("__recip_") && stream.path.substr(slash + 1).starts_with("__substg1.0_3001")) {
      std::string name = message_text(file, storage, "3001");
      const std::string mail = message_text(file, storage, "39FE");
      if (!mail.empty() && mail != name) name += " <" + mail + ">";
      out.field(field::kRecipient, name);
      recipients += name + "\n";
    }
    if (storage.starts_with("__attach_") && stream.path == storage + "__substg1.0_37010102")
      attachments.push_back(storage);
  }
  out.text(subject + "\n" + sender + "\n" + recipients);
  std::string body = message_text(file, "", "1000");
  if (trim(body).empty()) {
    MarkupReader page(body = guess_utf8(as_text(file.read("__substg1.0_10130102"))), true);
    std::string text;
    for (auto kind = page.next(); kind != MarkupReader::Kind::end; kind = page.next())
      text += kind == MarkupReader::Kind::text ? page.text() : " ";
    body = text;
  }
  out.text(body);
  for (const std::string& storage : attachments) {
    std::string name = message_text(file, storage, "3707");
    if (name.empty()) name = message_text(file, storage, "3704");
    if (name.empty()) name = "attachment";
    const auto match = job.match(name);
    if (match == MemberWish::Match::none || job.is_over()) continue;
    BytesInput input(file.read(storage + "__substg1.0_37010102"));
    if (match == MemberWish::Match::is_it) {
      ATOLL_ASSIGN(const Bytes content, input.whole(job.tools.limits.whole_bytes_max));
      job.tools.wish->give_all(name, content, std::nullopt);
      break;
    }
    Member* const member = out.member(name);
    if (member == nullptr) break;
    member->size = input.size();
    job.understand_member(member, input, name);
  }
  return {};
}

}  // namespace

Result<void> read_ole(Job& job) {
  ATOLL_ASSIGN(Bytes bytes, job.input.whole(job.tools.limits.whole_bytes_max));
  ATOLL_ASSIGN(const CompoundFile file, CompoundFile::open(std::move(bytes)));
  // The directory says for certain what the first bytes only hinted at.
  std::string_view id = "ole";
  if (file.has("WordDocument")) id = "doc";
  if (file.has("Workbook") || file.has("Book")) id = "xls";
  if (file.has("PowerPoint Document")) id = "ppt";
  if (file.has("__properties_version1.0")) id = "msg";
  job.out.set_format(format_by_id(id));
  // Its name begins with the byte 5, which is not part of a plain text.
  read_summary(job, file.read("SummaryInformation"));
  if (id == "doc") return read_doc(job, file);
  if (id == "xls") return read_excel_97(job, file);
  if (id == "msg") return read_message(job, file);
  if (id == "ppt") {
    const Bytes document = file.read("PowerPoint Document");
    PresentationReader reader(job);
    reader.walk(document, 0);
    job.out.number(field::kSlideCount, reader.slides());
    return {};
  }
  if (file.has("EncryptedPackage")) return fail(ErrorKind::failed, "extract.encrypted", "it is encrypted");
  return {};
}

}  // namespace atl::extract
