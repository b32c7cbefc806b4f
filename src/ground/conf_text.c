/*
 * The text of a configuration file. Knows no key.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ground/conf_text.h"
#include "ground/log.h"

enum { PIECE = 4096 };

/* The end of a quoted string that begins at text. */
static char *
skip_quoted(char *text)
{
	char quote = *text++;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == quote)
			return (text + 1);
	}
	return (text);
}

/* How long the comment at text is, without the line end; 0 for none. */
static size_t
comment_length(const char *text)
{
	const char *end;

	if (text[0] == '#' || (text[0] == '/' && text[1] == '/'))
		return (strcspn(text, "\n"));
	if (text[0] != '/' || text[1] != '*')
		return (0);
	end = strstr(text + 2, "*/");
	return (end != NULL ? (size_t)(end + 2 - text) : strlen(text));
}

void
conf_text_blank(char *text)
{
	size_t len;

	while (*text != '\0') {
		if (*text == '"' || *text == '\'') {
			text = skip_quoted(text);
		} else if ((len = comment_length(text)) > 0) {
			for (; len > 0; len--, text++)
				if (*text != '\n')
					*text = ' ';
		} else {
			text++;
		}
	}
}

static int
read_all(int fd, struct buf *text)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) > 0) {
		buf_put(text, piece, (size_t)n);
		if (text->failed)
			return (-1);
	}
	return (n == 0 ? 0 : -1);
}

int
conf_text_read(const char *file, struct buf *text)
{
	struct stat st;
	int fd, rc = -1;

	fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		log_error("%s cannot be read: %s", file, strerror(errno));
		goto done;
	}
	if (!S_ISREG(st.st_mode)) {
		log_error("%s is not a regular file", file);
		goto done;
	}
	if (read_all(fd, text) == -1 || buf_text(text) == NULL) {
		log_error("%s cannot be read: %s", file, strerror(errno));
		goto done;
	}
	if (strlen(text->data) != text->len) {
		log_error("%s is not a text: it has a NUL in it", file);
		goto done;
	}
	conf_text_blank(text->data);
	rc = 0;
done:
	if (fd != -1)
		close(fd);
	return (rc);
}
