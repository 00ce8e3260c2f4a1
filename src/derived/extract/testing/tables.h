// Tables and arrays in files, made here byte by byte (HDF5 by its library), each with a word and some numbers in it.
#pragma once

#include <string>

namespace atl::extract::testing {

// One table "Animals" with Id, Name, Notes (a long text), Price, Seen (truths) and Born; two rows, and one that is
// deleted. `is_wide`: as Access 2000 and later write it, else as Access 97 did.
[[nodiscard]] std::string access_database(bool is_wide);
// Columns: name, price (decimal), tags (a list of texts), place.city; 42 rows.
[[nodiscard]] std::string parquet_table();
// Columns: name, price, tags (a list), place.city; one batch of 42 rows.
[[nodiscard]] std::string arrow_table();
// temperature (record, 3), with a title and units; `version` 1, 2 or 5.
[[nodiscard]] std::string netcdf_array(unsigned version);
// A group with two arrays, one of records, and what is said about them; `is_dense`: in the structures for many
// links and attributes, in the order they were made, as NetCDF 4 writes them.
[[nodiscard]] std::string hdf5_arrays(bool is_dense);

}  // namespace atl::extract::testing
