/* In place of src/log.c: the targets log at nearly every input. */
#include "config.h"

#include "ground/log.h"

void
log_event(enum log_level level, const char *event, ...)
{
	(void)level;
	(void)event;
}

void
log_error(const char *format, ...)
{
	(void)format;
}

void
log_warning(const char *format, ...)
{
	(void)format;
}

void
log_info(const char *format, ...)
{
	(void)format;
}

void
log_open(enum log_format format, enum log_level level)
{
	(void)format;
	(void)level;
}

void
log_request_id(const char *id)
{
	(void)id;
}
