/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIVEDEP_CZLIB_H
#define LIVEDEP_CZLIB_H

#include <zlib.h>

#endif
