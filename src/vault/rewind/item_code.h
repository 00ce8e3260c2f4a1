// One step of an undo's plan as bytes, for the run set that the plan lies in.
// Always true: decode_item(encode_item(x)) == x; nothing but this process reads them.
#pragma once

#include "vault/rewind/undo.h"

namespace atl::vault {

[[nodiscard]] Bytes encode_item(const UndoItem& item);
[[nodiscard]] Result<UndoItem> decode_item(ByteView value);

}  // namespace atl::vault
