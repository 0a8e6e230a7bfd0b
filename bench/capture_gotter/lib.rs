//! Installs the overrides of libdd-profiling-heap-gotter when it is loaded, at its default interval of 512 KiB.

use libdd_profiling_heap_gotter::install_heap_overrides;

extern "C" fn install() {
    if !install_heap_overrides() {
        eprintln!("capture_gotter: no symbol was overridden");
        std::process::exit(1);
    }
}

#[used]
#[link_section = ".init_array"]
static INSTALL: extern "C" fn() = install;
