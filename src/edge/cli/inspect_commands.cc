// formats and inspect: which formats are known, and what is understood of a file of this machine. Nothing is stored,
// and no home is needed.
#include <CLI/CLI.hpp>

#include "derived/extract/extractor.h"
#include "derived/extract/formats.h"
#include "derived/search/pictures.h"
#include "edge/cli/commands.h"

namespace atl::cli {
namespace {

struct InspectArguments {
  std::vector<std::string> files;
  bool shows_text = false;
};

std::string yes_or_no(bool value) { return value ? "yes" : "no"; }

std::string json_words(std::span<const std::string_view> words) {
  std::vector<std::string> quoted;
  for (const std::string_view word : words) quoted.push_back(json_quote(word));
  return json_array(quoted);
}

// The same text is docs/formats.md from its table on.
Result<int> list_formats(Session& session) {
  Output& output = session.output;
  if (!output.is_json) {
    output.line("| format | name | media type | endings | metadata | text | preview | contents |");
    output.line("| --- | --- | --- | --- | --- | --- | --- | --- |");
  }
  for (const extract::Format& format : extract::formats()) {
    if (output.is_json) {
      output.json(JsonObject("format")
                      .add("id", format.id)
                      .add("name", format.name)
                      .add("media_type", format.media_type)
                      .add("group", format.group)
                      .add_raw("extensions", json_words(format.extensions))
                      .add("reads_metadata", format.reads_metadata)
                      .add("reads_text", format.reads_text)
                      .add("has_preview", format.has_preview)
                      .add("has_contents", format.has_contents));
      continue;
    }
    std::string endings;
    for (const std::string_view ending : format.extensions)
      endings += (endings.empty() ? "" : " ") + std::string(ending);
    output.line("| " + std::string(format.id) + " | " + std::string(format.name) + " | " +
                std::string(format.media_type) + " | " + endings + " | " + yes_or_no(format.reads_metadata) + " | " +
                yes_or_no(format.reads_text) + " | " + yes_or_no(format.has_preview) + " | " +
                yes_or_no(format.has_contents) + " |");
  }
  output.message(extract::has_symbol_program(session.environment.machine)
                     ? "Names that programs define are told by universal-ctags."
                     : "Names that programs define are found line by line; with universal-ctags more of them are.");
  return kExitOk;
}

std::string place_words(const extract::Place& place) {
  constexpr std::array<std::string_view, 7> kWords{"", "page", "slide", "sheet", "message", "at ms", "chapter"};
  std::string words(kWords.at(static_cast<std::size_t>(place.kind)));
  if (place.kind != extract::PlaceKind::none) words += " " + std::to_string(place.number);
  if (!place.name.empty()) words += (words.empty() ? "" : " ") + place.name;
  return words;
}

JsonObject json_of(JsonObject object, const extract::Extraction& found) {
  const auto fields = [](const std::vector<extract::Field>& list) {
    std::vector<std::string> objects;
    for (const extract::Field& field : list)
      objects.push_back(JsonObject().add("name", field.name).add("value", field.value).text());
    return json_array(objects);
  };
  std::vector<std::string> pieces;
  for (const extract::Piece& piece : found.pieces)
    pieces.push_back(JsonObject().add("place", place_words(piece.place)).add("text", piece.text).text());
  std::vector<std::string> members;
  for (const extract::Member& member : found.members) {
    JsonObject one;
    one.add("path", member.path).add("size", member.size).add("is_folder", member.is_folder);
    if (member.modified) one.add("modified", format_rfc3339(*member.modified));
    if (!member.understood.empty()) one.add_raw("understood", json_of(JsonObject(), member.understood.front()).text());
    members.push_back(one.text());
  }
  object.add("format", found.format)
      .add("media_type", found.media_type)
      .add("language", found.language)
      .add_raw("fields", fields(found.fields))
      .add_raw("raw", fields(found.raw))
      .add_raw("pieces", json_array(pieces))
      .add_raw("members", json_array(members))
      .add("is_truncated", found.is_truncated)
      .add("trouble", found.trouble);
  return object;
}

void show(Session& session, const std::string& name, const extract::Extraction& found, bool shows_text) {
  Output& output = session.output;
  if (output.is_json) {
    JsonObject object("inspection");
    object.add_path("path", name);
    output.json(json_of(std::move(object), found));
    return;
  }
  output.line(shown(name) + ": " + std::string(extract::format_by_id(found.format).name) + ", " + found.media_type);
  if (!found.language.empty()) output.line("  language: " + found.language);
  for (const extract::Field& field : found.fields) output.line("  " + field.name + ": " + shown(field.value));
  for (const extract::Member& member : found.members) {
    output.line("  holds " + shown(member.path) +
                (member.is_folder ? "/" : ", " + std::to_string(member.size) + " bytes"));
  }
  if (!found.trouble.empty()) output.line("  trouble: " + found.trouble);
  if (found.is_truncated) output.line("  there is more than was read");
  for (const extract::Piece& piece : found.pieces) {
    if (!shows_text) break;
    if (const std::string place = place_words(piece.place); !place.empty()) output.line("--- " + place);
    output.line(piece.text);
  }
}

Result<int> inspect(Session& session, const InspectArguments& arguments) {
  std::vector<std::unique_ptr<platform::SourceFile>> files;
  std::vector<extract::Source> sources;
  for (const std::string& path : arguments.files) {
    const std::size_t slash = path.find_last_of('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    ATOLL_ASSIGN(const auto directory, session.environment.host.open_source(folder));
    ATOLL_ASSIGN(auto file, directory->open_file(name));
    ATOLL_ASSIGN(const auto info, file->info());
    platform::SourceFile* const opened = file.get();
    files.push_back(std::move(file));
    sources.push_back(
        {name, info.size, [opened](std::uint64_t offset, ByteSpan out) { return opened->read_at(offset, out); }});
  }
  extract::Options options;
  options.stop = &session.environment.stop;
  search::PictureSettings settings;
  settings.program = session.environment.previews_program;
  settings.recognition =
      preview::recognition_named(session.options.recognition).value_or(preview::TextRecognition::off);
  settings.languages = session.options.recognition_languages;
  ATOLL_ASSIGN(const auto pictures, search::picture_readers(session.environment.machine, settings));
  bool has_trouble = false;
  ATOLL_TRY(extract::extract_all(
      session.environment.machine, sources, options, [&](std::size_t index, extract::Extraction found) -> Result<void> {
        if (pictures.wants_recognition && pictures.wants_recognition(found)) {
          ATOLL_ASSIGN(found, pictures.recognise(sources[index], std::move(found), options.stop));
        }
        has_trouble = has_trouble || !found.trouble.empty();
        show(session, arguments.files[index], found, arguments.shows_text);
        return {};
      }));
  return has_trouble ? kExitPartial : kExitOk;
}

}  // namespace

void add_inspect_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* formats = app.add_subcommand("formats", "Which formats are recognised, and what is read of each");
  formats->callback([&session, &chosen] { chosen.body = [&session] { return list_formats(session); }; });
  auto arguments = std::make_shared<InspectArguments>();
  auto* inspect_command =
      app.add_subcommand("inspect", "What is understood of files of this machine, without storing them: FILE…");
  inspect_command->add_option("file", arguments->files, "files")->required();
  inspect_command->add_flag("--text", arguments->shows_text, "show their text too");
  inspect_command->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return inspect(session, *arguments); }; });
}

}  // namespace atl::cli
