// A request's body that is read while it comes.
// Always true: no byte behind the body's end is taken from the connection. After an error nothing more comes.
#pragma once

#include <optional>
#include <string>

#include "foundation/net/http_message.h"
#include "foundation/net/internal/chunked.h"
#include "foundation/net/internal/connection.h"

namespace atl::net {

class StreamingBody final : public BodyReader {
 public:
  StreamingBody(Connection& connection, const RequestHead& head);

  [[nodiscard]] Result<std::size_t> read(ByteSpan out) override;
  [[nodiscard]] const Headers& trailers() const override { return decoder_.trailers(); }

  // Moves what the connection holds already to the memory of a small body; more than `bytes_max` is never held. An
  // error is one of the client's.
  [[nodiscard]] Result<void> gather_pending(std::size_t bytes_max);
  [[nodiscard]] std::string& gathered() { return gathered_; }
  // Nothing more will come: it was read to its end.
  [[nodiscard]] bool is_ended() const { return is_chunked_ ? decoder_.is_done() : remaining_ == 0; }
  [[nodiscard]] bool has_failed() const { return error_.has_value(); }
  // Bytes of it that were not taken from the connection; none where nobody can tell.
  [[nodiscard]] std::optional<std::uint64_t> left() const;
  [[nodiscard]] bool awaits_continue() const { return awaits_continue_; }

 private:
  [[nodiscard]] Result<std::size_t> receive(ByteSpan out);
  [[nodiscard]] Result<std::size_t> read_more(ByteSpan out);

  Connection& connection_;
  const bool is_chunked_;
  bool awaits_continue_;
  std::uint64_t remaining_;  // of Content-Length
  ChunkedDecoder decoder_;
  std::string gathered_;
  std::size_t gathered_read_ = 0;
  std::int64_t waited_ns_ = 0;
  std::uint64_t received_ = 0;
  std::optional<Error> error_;
};

}  // namespace atl::net
