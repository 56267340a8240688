// HDF5's error stack as one line of text.
#include "chdf5_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_LIMIT = 512 };

typedef struct {
    char innermost[TEXT_LIMIT];
    char outermost[TEXT_LIMIT];
} reasons;

void chdf5_begin(void) {
    H5open();
    // Set on every call: another library in the process (or HDF5's own start) may have set it back.
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5Eclear2(H5E_DEFAULT);
}

static herr_t note(unsigned depth, const H5E_error2_t *entry, void *context) {
    reasons *found = context;
    char *text = depth == 0 ? found->innermost : found->outermost;
    snprintf(text, TEXT_LIMIT, "%s", entry->desc != NULL ? entry->desc : "");
    return 0;
}

static char *formatted(const char *format, va_list arguments) {
    char text[2 * TEXT_LIMIT];
    vsnprintf(text, sizeof text, format, arguments);
    return strdup(text);
}

int32_t chdf5_refuse(char **error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    *error = formatted(format, arguments);
    va_end(arguments);
    return -1;
}

int32_t chdf5_fail(char **error, const char *format, ...) {
    reasons found = {"", ""};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note, &found);
    H5Eclear2(H5E_DEFAULT);

    va_list arguments;
    va_start(arguments, format);
    char *context = formatted(format, arguments);
    va_end(arguments);

    char text[5 * TEXT_LIMIT];
    if (found.innermost[0] == '\0') {
        snprintf(text, sizeof text, "%s", context);
    } else if (found.outermost[0] == '\0') {
        snprintf(text, sizeof text, "%s: %s", context, found.innermost);
    } else {
        snprintf(text, sizeof text, "%s: %s (%s)", context, found.innermost, found.outermost);
    }
    free(context);
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r') *c = ' ';
    }
    *error = strdup(text);
    return -1;
}
