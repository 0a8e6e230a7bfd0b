// demangle_rust_test.c: the legacy mangling; expected output from rustfilt.

#include "../../base/test/test.h"

#include "demangled.h"

// clang-format off
static const struct demangled names[] = {
    {"_ZN4leak4site17h4d02501f8228a34eE",
     "leak::site"},
    {"_ZN4leak4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
     "leak::main::{{closure}}"},
    {"_ZN4leak4site17h4d02501f8228a34eE.llvm.1234567890",
     "leak::site"},
    {"_ZN4leak4site17h4d02501f8228a34eE.cold",
     "leak::site.cold"},
    {"_ZN4leak13gr$uf6$$udf$e17h322809f809cfb2f9E",
     "leak::größe"},
    {"_ZN4core4iter5range101_$LT$impl$u20$core..iter..traits..iterator..Iterator$u20$for$u20$core..ops..range..Range$LT$A$GT$$GT$4next17hc6a89beb9f78c23dE",
     "core::iter::range::<impl core::iter::traits::iterator::Iterator for core::ops::range::Range<A>>::next"},
    {"_ZN66_$LT$core..option..Option$LT$T$GT$$u20$as$u20$core..fmt..Debug$GT$3fmt17hc99eab08fd2342f9E",
     "<core::option::Option<T> as core::fmt::Debug>::fmt"},
    {"_ZN4core3ptr66drop_glue$LT$core..option..Option$LT$alloc..string..String$GT$$GT$17h8556253f2348adb4E",
     "core::ptr::drop_glue<core::option::Option<alloc::string::String>>"},
    {"_ZN4core5array76_$LT$impl$u20$core..default..Default$u20$for$u20$$u5b$T$u3b$$u20$16$u5d$$GT$7default17h7e04f6cb9a453aadE",
     "core::array::<impl core::default::Default for [T; 16]>::default"},
    {"_ZN3std6thread11join_handle19JoinHandle$LT$T$GT$4join17h6224c16dbcf504e5E",
     "std::thread::join_handle::JoinHandle<T>::join"},
    {"_ZN4core4iter8adapters7step_by15StepBy$LT$I$GT$3new17h8a77c0f62c6b0987E",
     "core::iter::adapters::step_by::StepBy<I>::new"},
    {"_ZN72_$LT$alloc..sync..Weak$LT$T$C$A$GT$$u20$as$u20$core..ops..drop..Drop$GT$4drop17ha2b7b98ee8cf9d97E",
     "<alloc::sync::Weak<T,A> as core::ops::drop::Drop>::drop"},
    {"_ZN71_$LT$core..hash..sip..Hasher$LT$S$GT$$u20$as$u20$core..hash..Hasher$GT$5write17hfc371ee6ad4d838bE",
     "<core::hash::sip::Hasher<S> as core::hash::Hasher>::write"},
    {"_ZN3std6thread7builder7Builder15spawn_unchecked17ha4032ebd111d34baE",
     "std::thread::builder::Builder::spawn_unchecked"},
    {"_ZN5alloc5alloc6Global18alloc_impl_runtime17hb5883bbe8cde0524E",
     "alloc::alloc::Global::alloc_impl_runtime"},
    {"_ZN4core3ops8function6FnOnce9call_once17h2a1f212c7dbf2059E",
     "core::ops::function::FnOnce::call_once"},
    {"_ZN3std2io5Write9write_all17h9558814c23e52b7eE",
     "std::io::Write::write_all"},
    {"_ZN4core9core_arch3x864sse217_mm_movemask_epi817h5e587ffe024db972E",
     "core::core_arch::x86::sse2::_mm_movemask_epi8"},
    {"_ZN4core9core_arch3x864sse215_mm_loadu_si12817h941fc2076499e254E",
     "core::core_arch::x86::sse2::_mm_loadu_si128"},
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
