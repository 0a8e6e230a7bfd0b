// demangle_rust_v0_test.c: paths, types, lifetimes, constants and back references; expected output from rustfilt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_RNvC6_123foo3bar",
     "123foo::bar"},
    {"_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_",
     "cc::spawn::{closure#0}::{closure#0}"},
    {"_RNvMC0INtC8arrayvec8ArrayVecINtC4byte4UInthEKj7b_E3new",
     "<arrayvec::ArrayVec<byte::UInt<u8>, 123>>::new"},
    {"_RNvXs_C1aINtB4_1BjENtB4_1T1f",
     "<a::B<usize> as a::T>::f"},
    {"_RIC0Kb1_E",
     "::<true>"},
    {"_RIC0Kc76_E",
     "::<'v'>"},
    {"_RIC0Kca_E",
     "::<'\\n'>"},
    {"_RIC0Kce4_E",
     "::<'ä'>"},
    {"_RINvC1c1fKnn80000000000000000000000000000000_Ko7fffffffffffffffffffffffffffffff_E",
     "c::f::<-0x80000000000000000000000000000000, 0x7fffffffffffffffffffffffffffffff>"},
    {"_RIC0Kan7f_E",
     "::<-127>"},
    {"_RINvC1c1fRL_hE",
     "c::f::<&u8>"},
    {"_RNvC1c1f",
     "c::f"},
    {"_RINvC1c1fFG_RL0_hEuE",
     "c::f::<for<'a> fn(&'a u8)>"},
    {"_RINvC1c1fDNtC1t1TEL_E",
     "c::f::<dyn t::T>"},
    {"_RINvC1c1fAhj3_E",
     "c::f::<[u8; 3]>"},
    {"_RINvC1c1fShE",
     "c::f::<[u8]>"},
    {"_RINvC1c1fTEE",
     "c::f::<()>"},
    {"_RINvC1c1fThEE",
     "c::f::<(u8,)>"},
    {"_RINvC1c1fPhOhE",
     "c::f::<*const u8, *mut u8>"},
    {"_RNvMsa_NtCsgEmfK2I1SDS_4core3fmtNtB5_9Formatter11debug_tuple",
     "<core::fmt::Formatter>::debug_tuple"},
    {"_RINvMs2_NtCsgEmfK2I1SDS_4core3fmtNtB6_9Arguments3newKj2_Kj1_ECs6GmmlP4bgsG_1r",
     "<core::fmt::Arguments>::new::<2, 1>"},
    {"_RNvNvNtCsgEmfK2I1SDS_4core3ptr7replace18precondition_checkCs6GmmlP4bgsG_1r",
     "core::ptr::replace::precondition_check"},
    {"_RNvNtNtNtNtNtCsjrHSEGnQ3l9_3std3sys3pal4unix14stack_overflow3imp13MAIN_ALTSTACK.0",
     "std::sys::pal::unix::stack_overflow::imp::MAIN_ALTSTACK.0"},
    {"_RNvNtCsgY6Mt91CT9J_14rustc_demangle2v010basic_type",
     "rustc_demangle::v0::basic_type"},
    {"_RNvXs1g_NtCs8NwYtU1Mohg_4core3fmtRhNtB6_5Debug3fmtCsi4IsKQVxMg0_3std",
     "<&u8 as core::fmt::Debug>::fmt"},
    {"_RNvNvNtCsi4IsKQVxMg0_3std9panicking12catch_unwind7cleanup",
     "std::panicking::catch_unwind::cleanup"},
    {"_RNvNvNtNtNtNtCsgEmfK2I1SDS_4core3num7flt2dec8strategy5grisu16format_exact_opt14possibly_round",
     "core::num::flt2dec::strategy::grisu::format_exact_opt::possibly_round"},
    {"_RNvXs9_NtNtCsjrHSEGnQ3l9_3std2io5implsINtNtCslNYArtu3iFV_5alloc3vec3VechENtB7_5Write17is_write_vectoredB9_",
     "<alloc::vec::Vec<u8> as std::io::Write>::is_write_vectored"},
    {"_RINvNtCsgEmfK2I1SDS_4core3ptr10swap_chunkKj8_ECs6GmmlP4bgsG_1r",
     "core::ptr::swap_chunk::<8>"},
    {"_RNvMNtCslNYArtu3iFV_5alloc6stringNtB2_6String3lenCs6GmmlP4bgsG_1r",
     "<alloc::string::String>::len"},
    {"_RNvNtCsgEmfK2I1SDS_4core3num22from_ascii_radix_panic",
     "core::num::from_ascii_radix_panic"},
    {"_RNvNtNtNtNtCsjrHSEGnQ3l9_3std3sys4args4unix3imp4ARGC.0",
     "std::sys::args::unix::imp::ARGC.0"},
    {"_RINvNtCsgEmfK2I1SDS_4core3ptr13drop_in_placeINtNtCslNYArtu3iFV_5alloc5boxed3BoxNtNtNtCsjrHSEGnQ3l9_3std6thread9lifecycle10ThreadInitEEB1l_",
     "core::ptr::drop_in_place::<alloc::boxed::Box<std::thread::lifecycle::ThreadInit>>"},
    {"_RNvMs8_NtNtCsiLkOfxryNm2_5gimli4read5indexINtB5_9UnitIndexINtNtB7_12endian_slice11EndianSliceNtNtB9_9endianity12LittleEndianEE5parseCsi4IsKQVxMg0_3std",
     "<gimli::read::index::UnitIndex<gimli::read::endian_slice::EndianSlice<gimli::endianity::LittleEndian>>>::parse"},
    {"_RNvNtCsi4IsKQVxMg0_3std7process5abort",
     "std::process::abort"},
    {"_RNvMNtCslNYArtu3iFV_5alloc3vecINtB2_3VecINtNtB4_5boxed3BoxAhj10_EE3newCs6GmmlP4bgsG_1r",
     "<alloc::vec::Vec<alloc::boxed::Box<[u8; 16]>>>::new"},
    {"_RNvXs1_NvNtCsjrHSEGnQ3l9_3std9panicking13panic_handlerNtB5_16StaticStrPayloadNtNtCsgEmfK2I1SDS_4core5panic12PanicPayload6as_str",
     "<std::panicking::panic_handler::StaticStrPayload as core::panic::PanicPayload>::as_str"},
    {"_RNvNtNtCs8NwYtU1Mohg_4core3str5count14do_count_chars",
     "core::str::count::do_count_chars"},
    {"_RNvNtCs8NwYtU1Mohg_4core9panicking14panic_nounwind",
     "core::panicking::panic_nounwind"},
    {"_RNvMs4_NtCscYsbIx0cOGh_14rustc_demangle2v0NtB5_7Printer16print_const_uint",
     "<rustc_demangle::v0::Printer>::print_const_uint"},
    {"_RNvNtCsi4IsKQVxMg0_3std2rt19lang_start_internal",
     "std::rt::lang_start_internal"},
    {"_RNvMs_NtNtNtNtCsi4IsKQVxMg0_3std12backtrace_rs9symbolize5gimli3elfNtB4_6Object13search_symtab",
     "<std::backtrace_rs::symbolize::gimli::elf::Object>::search_symtab"},
    {"_RNvNtNtCsjrHSEGnQ3l9_3std2io5stdio22try_set_output_capture",
     "std::io::stdio::try_set_output_capture"},
    {"_R", NULL},
    {"_RNvC", NULL},
    {"_RNvB_1a", NULL},
    {"_RIC0", NULL},
    {"_RN1C1a1b", NULL},
};
// clang-format on

TEST(readable_names) {
    CHECK_DEMANGLED(names);
}

TEST(damaged_names) {
    CHECK_DAMAGED_NAMES(names);
}

int main(void) {
    return tests_run();
}
