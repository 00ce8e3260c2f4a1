// What the library of hdf5_format.cc wants to have done before the process is locked in. Thread rules: once, one
// thread.
#pragma once

namespace atl::extract {
void prepare_hdf5();
}  // namespace atl::extract
