#define _GNU_SOURCE
#include "COpsSystem.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void ops_system_log(const char *path, int priority, const char *tag, const char *text) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return;
    strcpy(address.sun_path, path);
    time_t now = time(NULL);
    struct tm local;
    char stamp[32] = "";
    char line[1024]; // RFC 3164, section 4.1: no more is sure to arrive
    // The process's locale is C: English months, as the RFC asks.
    if (localtime_r(&now, &local)) strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
    int length = snprintf(line, sizeof line, "<%d>%s %s[%d]: %s", priority, stamp, tag, (int)getpid(), text);
    if (length < 0) return;
    if (length >= (int)sizeof line) length = (int)sizeof line - 1;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return;
    // Nobody waits for a log that is full or away.
    (void)sendto(descriptor, line, (size_t)length, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address);
    close(descriptor);
}
