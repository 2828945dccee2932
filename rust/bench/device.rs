// SPDX-License-Identifier: GPL-2.0

//! A device: a question is written, and the answer read, which is a line of JSON.
//!
//! What can be asked is up to who answers, which is another for each of the two modules.

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
