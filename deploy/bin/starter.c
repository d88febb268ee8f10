/* The first of the executor that runs: it keeps from the shell what a task could say to a dynamic loader or to bash.
 *
 * An agent puts the variables of a task into the environment of its docker executor. A shell script comes too late to
 * drop LD_PRELOAD: the loader of its shell has read it. This program is linked statically, so no loader reads anything;
 * it drops what it knows of, and becomes the shell that reads the start script (deploy/bin/mesos-docker-executor),
 * which setup.py has put into it. Where there is no C compiler, that script is installed instead.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "script.h" /* const char script[]: the start script, made by setup.py */

#define SCRIPT_FD 9 /* as in the start script; a shell can close no number of two digits */
#define SCRIPT_PATH "/dev/fd/9"

/* Beginnings of names. The script drops more, which only Python and OpenSSL would read. */
static const char *const unwanted[] = {"LD_", "GLIBC_TUNABLES=", "GCONV_PATH=", "BASH_FUNC_", "BASH_ENV=", "BASHOPTS=",
                                       "SHELLOPTS=", "ENV=", "PS4=", "IFS="};

static int is_wanted(const char *variable)
{
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        if (strncmp(variable, unwanted[i], strlen(unwanted[i])) == 0)
            return 0;
    return 1;
}

static void clean(char **environment)
{
    char **kept = environment;
    for (char **each = environment; *each != NULL; each++)
        if (is_wanted(*each))
            *kept++ = *each;
    *kept = NULL;
}

static int offer_script(void)
{
    int file = memfd_create("mesos-docker-executor", 0);
    if (file < 0 || write(file, script, sizeof script) != (ssize_t)sizeof script)
        return -1;
    return file == SCRIPT_FD ? 0 : dup2(file, SCRIPT_FD) < 0 || close(file) < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    const char *called = (const char *)getauxval(AT_EXECFN);
    char **words = calloc((size_t)argc + 4, sizeof *words);
    if (words == NULL || offer_script() < 0) {
        perror("mesos-docker-executor: the start script cannot be handed to a shell");
        return 126;
    }
    words[0] = "/bin/sh";
    words[1] = SCRIPT_PATH;
    words[2] = called != NULL ? (char *)called : argv[0];
    for (int i = 1; i < argc; i++)
        words[i + 2] = argv[i];
    clean(environ);
    execve(words[0], words, environ);
    perror("mesos-docker-executor: /bin/sh");
    return 127;
}
