// Workbooks of Excel 97 to 2003 ([MS-XLS], BIFF8): cells as they were last computed.
#pragma once

#include "derived/extract/internal/compound_file.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {

[[nodiscard]] Result<void> read_excel_97(Job& job, const CompoundFile& file);

}  // namespace atl::extract
