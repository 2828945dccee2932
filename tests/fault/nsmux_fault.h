/* SPDX-License-Identifier: GPL-2.0 */

/* A function that does nothing but return: it takes the return address. */
void nsmux_fault_return(void);
