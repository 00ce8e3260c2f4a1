// The names of fields that every format is mapped to. They follow Dublin Core and schema.org where these have a word.
// Always true: a name is never reused for something else; numbers are decimal without unit, in the unit of the name;
// times are ISO 8601 with a zone where the file says one, without where it does not; a year or a month alone stays one.
#pragma once

#include <string_view>

namespace atl::extract::field {

// Dublin Core
inline constexpr std::string_view kTitle = "title";
inline constexpr std::string_view kCreator = "creator";  // one field for each person
inline constexpr std::string_view kSubject = "subject";
inline constexpr std::string_view kDescription = "description";
inline constexpr std::string_view kPublisher = "publisher";
inline constexpr std::string_view kContributor = "contributor";
inline constexpr std::string_view kLanguage = "language";  // as the file says; Extraction::language is what its text is
inline constexpr std::string_view kIdentifier = "identifier";  // ISBN, DOI
inline constexpr std::string_view kRights = "rights";
inline constexpr std::string_view kCreated = "created";
inline constexpr std::string_view kModified = "modified";
// schema.org: works
inline constexpr std::string_view kKeywords = "keywords";  // one field for each
inline constexpr std::string_view kPageCount = "page_count";
inline constexpr std::string_view kWordCount = "word_count";
inline constexpr std::string_view kLineCount = "line_count";
inline constexpr std::string_view kSlideCount = "slide_count";
inline constexpr std::string_view kSheet = "sheet";  // one for each sheet's name
inline constexpr std::string_view kChapter = "chapter";
inline constexpr std::string_view kOcrLanguages = "ocr_languages";  // pictures were searched for text in: "eng+deu"
inline constexpr std::string_view kGenerator = "generator";         // the program that made it
// pictures, sound, film
inline constexpr std::string_view kWidth = "width";  // pixels, as shown
inline constexpr std::string_view kHeight = "height";
inline constexpr std::string_view kDuration = "duration_ms";
inline constexpr std::string_view kDevice = "device";  // "Canon EOS 80D"
inline constexpr std::string_view kLens = "lens";
inline constexpr std::string_view kLatitude = "latitude";    // degrees, WGS 84, north positive
inline constexpr std::string_view kLongitude = "longitude";  // east positive
inline constexpr std::string_view kAltitude = "altitude_m";
inline constexpr std::string_view kPlace = "place";  // city, country
inline constexpr std::string_view kArtist = "artist";
inline constexpr std::string_view kAlbum = "album";
inline constexpr std::string_view kGenre = "genre";
inline constexpr std::string_view kTrack = "track";
inline constexpr std::string_view kVideoCodec = "video_codec";
inline constexpr std::string_view kAudioCodec = "audio_codec";
inline constexpr std::string_view kSampleRate = "sample_rate_hz";
inline constexpr std::string_view kFrameRate = "frame_rate";
// messages, events, people
inline constexpr std::string_view kSender = "sender";
inline constexpr std::string_view kRecipient = "recipient";  // one for each
inline constexpr std::string_view kMessageId = "message_id";
inline constexpr std::string_view kInReplyTo = "in_reply_to";
inline constexpr std::string_view kMessageCount = "message_count";
inline constexpr std::string_view kStart = "start";
inline constexpr std::string_view kEnd = "end";
inline constexpr std::string_view kName = "name";  // of a person
inline constexpr std::string_view kEmail = "email";
inline constexpr std::string_view kTelephone = "telephone";
inline constexpr std::string_view kOrganization = "organization";
// code and data
inline constexpr std::string_view kCodeLanguage = "code_language";  // "Python"
inline constexpr std::string_view kSymbol = "symbol";               // one for each function, class, …
inline constexpr std::string_view kEngine = "engine";               // of a database: "SQLite"
inline constexpr std::string_view kTable = "table";
inline constexpr std::string_view kColumn = "column";           // "table.column" where tables have names
inline constexpr std::string_view kColumnType = "column_type";  // "table.column = int64"
inline constexpr std::string_view kArray = "array";             // "temperature = float32, 100 x 20"
inline constexpr std::string_view kRowCount = "row_count";
inline constexpr std::string_view kColumnSum = "column_sum";  // "Costs!B = 1234.5": a column of numbers
inline constexpr std::string_view kKey = "key";               // path of a value in JSON, YAML, TOML: "server.port"
inline constexpr std::string_view kVersion = "format_version";
inline constexpr std::string_view kArchitecture = "architecture";
inline constexpr std::string_view kMemberCount = "member_count";
inline constexpr std::string_view kUnpackedSize = "unpacked_bytes";
// models and drawings
inline constexpr std::string_view kVertexCount = "vertex_count";
inline constexpr std::string_view kFacetCount = "facet_count";
inline constexpr std::string_view kEntityCount = "entity_count";
inline constexpr std::string_view kLayer = "layer";
inline constexpr std::string_view kLayerCount = "layer_count";
inline constexpr std::string_view kBounds = "bounds";  // "x0 y0 z0 x1 y1 z1" in the file's own unit

}  // namespace atl::extract::field
