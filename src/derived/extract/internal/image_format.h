// What the reader of pictures needs before the process is locked in.
#pragma once

namespace atl::extract {

void prepare_images();

}  // namespace atl::extract
