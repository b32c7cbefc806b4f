#ifndef READERS_H
#define READERS_H

#include "service/call.h"

/*
 * Threads for what reads more than a look into memory: each has a way to the
 * database of its own, and takes one job after the other. Who has handed them
 * jobs goes on.
 */
struct readers;

/*
 * Those for pages of lists, which take milliseconds each; and those for steps
 * of requests (away.h), which nobody's list holds up.
 */
enum readers_kind { READERS_LISTS, READERS_STEPS, READERS_KINDS };

/*
 * Start them. notify is called by one of them, with cookie, whenever there is
 * something to collect that there was not before. NULL: the reason is logged.
 */
struct readers *readers_start(const struct app *app, enum readers_kind kind,
    void (*notify)(void *cookie), void *cookie)
    __attribute__((warn_unused_result));

/*
 * Hand over a list of jobs, one at least, each to be run once as by reader_run;
 * one that nobody has come to within busy_timeout_ms, or since readers_hurry,
 * is not run, unless it is_owed: its rc is STORE_BUSY. And get back all that is
 * done, or NULL. Neither waits. Any thread.
 */
void readers_submit(struct readers *readers, struct writer_job *jobs);
struct writer_job *readers_collect(struct readers *readers);
void readers_hurry(struct readers *readers);

/*
 * Finish what was handed over, end the threads and release all; notify is
 * called no more. Takes NULL.
 */
void readers_stop(struct readers *readers);

#endif
