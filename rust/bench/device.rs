// SPDX-License-Identifier: GPL-2.0

//! `/dev/nsmux_bench`: a question is written, and the answer read, which is a line of JSON.
//!
//! ===================================================  =============================================
//! question                                             answer
//! ===================================================  =============================================
//! `designs`                                            the names of all designs
//! `trial <design> <seed>`                              how the randomised test went
//! `cannot <seed>`                                      what designs cannot do, and whether that was
//!                                                      seen
//! `measure <design> <namespaces> <sockets> <seed>`     times and bytes
//! `beside <design> <crowd> <seed>`                     time beside a namespace with so many sockets
//! `mixed <design> <namespaces> <sockets> <seed>`       times with changes among lookups, by percent
//! `cold <design> <namespaces> <sockets> <seed>`        times with cold and with hot caches
//! `fragmented <distance> <pages>`                      which tables and designs can be made where a
//!                                                      page at each distance is in use
//! `names`                                              the ways to keep names
//! `bind-trial <names> <seed>`                          how their randomised test went
//! `bind <names> <contexts> <addresses> <seed>`         times to bind and to accept
//! ===================================================  =============================================

use kernel::{
    fs::{File, Kiocb},
    iov::{IovIterDest, IovIterSource},
    miscdevice::{MiscDevice, MiscDeviceRegistration},
    new_mutex,
    prelude::*,
    str::CString,
    sync::Mutex,
};

use crate::answer::answer;

/// An open file: the answer to what was asked last.
#[pin_data]
pub(crate) struct Questions {
    #[pin]
    answer: Mutex<Option<CString>>,
}

#[vtable]
impl MiscDevice for Questions {
    type Ptr = Pin<KBox<Self>>;

    fn open(_: &File, _: &MiscDeviceRegistration<Self>) -> Result<Self::Ptr> {
        KBox::pin_init(
            pin_init!(Self {
                answer <- new_mutex!(None),
            }),
            GFP_KERNEL,
        )
    }

    fn write_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterSource<'_>) -> Result<usize> {
        let mut text = KVec::new();
        let length = iov.copy_from_iter_vec(&mut text, GFP_KERNEL)?;
        let answer = answer(core::str::from_utf8(&text).map_err(|_| EINVAL)?)?;
        *kiocb.file().answer.lock() = Some(answer);
        *kiocb.ki_pos_mut() = 0;
        Ok(length)
    }

    fn read_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let file = kiocb.file();
        let answer = file.answer.lock();
        let bytes = answer.as_ref().ok_or(ENODATA)?.to_bytes();
        iov.simple_read_from_buffer(kiocb.ki_pos_mut(), bytes)
    }
}
