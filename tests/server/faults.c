/* A disk that fails when it is told to: loaded before the C library (LD_PRELOAD), controlled by files in the folder $FAULTS.
 *
 *   data       while it is there, fdatasync fails
 *   folder     while it is there, the sync of a folder fails
 *   manifest   holds a digit: the sync of the folder fails once, behind the renaming of a manifest that so many precede
 *   synced     is appended to: a line for each file that was synced, by its path
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fails_once;

static void place(char *path, const char *name) {
    snprintf(path, PATH_MAX, "%s/%s", getenv("FAULTS"), name);
}

static int is_there(const char *name) {
    char path[PATH_MAX];
    place(path, name);
    return access(path, F_OK) == 0;
}

static int failed(void) {
    errno = EIO;
    return -1;
}

static void note(int fd) {
    char path[PATH_MAX], link[64], name[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    place(path, "synced");
    int list = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (length > 0) dprintf(list, "%.*s\n", (int)length, name);
    close(list);
}

int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    if (is_there("data")) return failed();
    note(fd);
    return real(fd);
}

int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    struct stat about;
    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        int fails = fails_once || is_there("folder");
        fails_once = 0;
        if (fails) return failed();
    }
    note(fd);
    return real(fd);
}

int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    size_t length = strlen(to);
    if (length > 9 && strcmp(to + length - 9, ".manifest") == 0) {
        char path[PATH_MAX], before = 0;
        place(path, "manifest");
        int file = open(path, O_RDWR);
        if (file >= 0 && pread(file, &before, 1, 0) == 1) {
            fails_once = before == '0';
            before--;
            if (fails_once) unlink(path);
            else if (pwrite(file, &before, 1, 0) != 1) return failed();
        }
        close(file);
    }
    return real(from, to);
}
