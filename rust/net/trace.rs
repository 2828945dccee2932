// SPDX-License-Identifier: GPL-2.0

//! Tracepoints.
//!
//! While nobody listens, a tracepoint is a no-op instruction: the branch is patched in when it is
//! switched on.
//!
//! `kernel::declare_trace!` does the same with tracepoints that the kernel itself defines.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

/// Makes a type of what a tracepoint tells, which says whether somebody listens, and reports.
///
/// C defines the tracepoint, with `CREATE_RUST_TRACE_POINTS` and `DEFINE_RUST_DO_TRACE`: named are its
/// static key and what passes its arguments on, which are the fields in their order.
macro_rules! tracepoint {
    (
        $key:path, $report:path;
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$field_attribute:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$field_attribute])* $visibility $field: $type,)*
        }

        impl $name {
            /// Whether somebody listens: while nobody does, a no-op. Any context.
            #[inline(always)]
            $visibility fn is_listened_to() -> bool {
                // SAFETY: The key is the static key of a tracepoint that C defines.
                unsafe {
                    kernel::jump_label::static_branch_unlikely!(
                        $key,
                        kernel::bindings::tracepoint,
                        key
                    )
                }
            }

            /// Passes it to the tracepoint. Any context.
            #[cold]
            #[inline(never)]
            $visibility fn report(self) {
                // SAFETY: The tracepoint copies its arguments, in any context.
                unsafe { $report($(self.$field),*) }
            }
        }
    };
}

pub(crate) use tracepoint;
