// The readers of formats, one function each, and what they are given.
// Always true: a reader runs in a locked-in process, touches the Input alone, and puts what it found into Findings as
// it goes: what was found before an error counts. Its error is said to the user as the content's trouble. Libraries may
// throw: understand() catches.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "derived/extract/input.h"
#include "derived/extract/internal/findings.h"
#include "derived/extract/internal/member_wish.h"
#include "foundation/mail/header.h"

namespace atl::extract {

struct ReadLimits {
  std::uint64_t whole_bytes_max = 0;
  std::uint32_t depth_max = 0;
  std::uint32_t ratio_max = 0;
};

// What outlives one content.
struct Toolbox {
  mail::CharacterSets character_sets;
  const MagicTable* magic = nullptr;
  ReadLimits limits;
  MemberWish* wish = nullptr;  // not null: one member is wanted, and nothing else
};

struct Job {
  Input& input;
  std::string_view name;
  const Format& format;
  Findings& out;
  const Toolbox& tools;
  std::uint32_t depth = 0;
  // The content, where the reader had all of it: so that it is not read again to see whether it is whole.
  std::optional<Bytes> whole = std::nullopt;

  // Whether a reader has to look at a member: always, but where another one is wanted.
  [[nodiscard]] MemberWish::Match match(std::string_view path) const {
    return tools.wish == nullptr ? MemberWish::Match::holds_it : tools.wish->match(path);
  }
  // Whether what was wanted was found, or can be found no more.
  [[nodiscard]] bool is_over() const { return tools.wish != nullptr && (tools.wish->is_over() || has_descended); }
  bool has_descended = false;

  // What a member of this content is; its own members are put beside it, behind "!/".
  void understand_member(Member* member, Input& member_input, std::string_view member_name);
};

using ReadFormat = Result<void> (*)(Job& job);

// Never fails: what cannot be read has trouble.
[[nodiscard]] Extraction understand(Input& input, std::string_view name, const Toolbox& tools, Budget& budget,
                                    std::uint32_t depth);

// The content as text: at most what text there may be, in UTF-8.
[[nodiscard]] Result<std::string> read_as_text(Job& job);

// text_formats.cc
[[nodiscard]] Result<void> read_plain(Job& job);
[[nodiscard]] Result<void> read_markdown(Job& job);
[[nodiscard]] Result<void> read_separated(Job& job);
[[nodiscard]] Result<void> read_subtitles(Job& job);
// data_formats.cc
[[nodiscard]] Result<void> read_json(Job& job);
[[nodiscard]] Result<void> read_json_lines(Job& job);
[[nodiscard]] Result<void> read_notebook(Job& job);
[[nodiscard]] Result<void> read_yaml(Job& job);
[[nodiscard]] Result<void> read_settings(Job& job);
[[nodiscard]] Result<void> read_numpy(Job& job);
[[nodiscard]] Result<void> read_safetensors(Job& job);
[[nodiscard]] Result<void> read_gguf(Job& job);
// parquet_format.cc, arrow_format.cc, hdf5_format.cc, netcdf_format.cc
[[nodiscard]] Result<void> read_parquet(Job& job);
[[nodiscard]] Result<void> read_arrow(Job& job);
[[nodiscard]] Result<void> read_hdf5(Job& job);
[[nodiscard]] Result<void> read_netcdf(Job& job);
// markup_formats.cc
[[nodiscard]] Result<void> read_html(Job& job);
[[nodiscard]] Result<void> read_xml(Job& job);
[[nodiscard]] Result<void> read_svg(Job& job);
[[nodiscard]] Result<void> read_fictionbook(Job& job);
// code_formats.cc
[[nodiscard]] Result<void> read_code(Job& job);
[[nodiscard]] Result<void> read_sql(Job& job);
// people_formats.cc
[[nodiscard]] Result<void> read_calendar(Job& job);
[[nodiscard]] Result<void> read_contacts(Job& job);
// mail_formats.cc
[[nodiscard]] Result<void> read_mail(Job& job);
[[nodiscard]] Result<void> read_mailbox(Job& job);
// office_formats.cc, opendocument_formats.cc
[[nodiscard]] Result<void> read_docx(Job& job);
[[nodiscard]] Result<void> read_xlsx(Job& job);
[[nodiscard]] Result<void> read_pptx(Job& job);
[[nodiscard]] Result<void> read_opendocument(Job& job);
[[nodiscard]] Result<void> read_epub(Job& job);
// archive_formats.cc
[[nodiscard]] Result<void> read_archive(Job& job);
[[nodiscard]] Result<void> read_compressed(Job& job);
// rtf_format.cc, pdf_format.cc, mobi_format.cc
[[nodiscard]] Result<void> read_rtf(Job& job);
[[nodiscard]] Result<void> read_pdf(Job& job);
[[nodiscard]] Result<void> read_mobi(Job& job);
// ole_formats.cc
[[nodiscard]] Result<void> read_ole(Job& job);
// image_formats.cc, audio_formats.cc, video_formats.cc
[[nodiscard]] Result<void> read_image(Job& job);
[[nodiscard]] Result<void> read_audio(Job& job);
void take_audio_tags(Job& job, std::string_view extension);
[[nodiscard]] Result<void> read_boxes(Job& job);
[[nodiscard]] Result<void> read_matroska(Job& job);
[[nodiscard]] Result<void> read_avi(Job& job);
[[nodiscard]] Result<void> read_asf(Job& job);
[[nodiscard]] Result<void> read_flash_video(Job& job);
[[nodiscard]] Result<void> read_mpeg(Job& job);
// model_formats.cc
[[nodiscard]] Result<void> read_model(Job& job);
// database_formats.cc, access_format.cc
[[nodiscard]] Result<void> read_sqlite(Job& job);
[[nodiscard]] Result<void> read_dbf(Job& job);
[[nodiscard]] Result<void> read_access(Job& job);
// program_formats.cc
[[nodiscard]] Result<void> read_program(Job& job);
[[nodiscard]] Result<void> read_postscript(Job& job);

}  // namespace atl::extract
