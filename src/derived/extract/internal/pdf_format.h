// What the reader of PDF needs before the process is locked in.
#pragma once

namespace atl::extract {

void prepare_pdf();

}  // namespace atl::extract
