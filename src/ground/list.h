#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A doubly linked list whose links stand in what is listed. A link that is in
 * no list has no neighbours.
 */
struct list_link {
	struct list_link *prev, *next;
	void *item;
};

struct list {
	struct list_link *first, *last;
};

static inline bool
list_has(const struct list *list, const struct list_link *link)
{
	return (link->prev != NULL || list->first == link);
}

/* Put item, whose link this is and which is in no list, at the end. */
static inline void
list_append(struct list *list, struct list_link *link, void *item)
{
	link->item = item;
	link->prev = list->last;
	link->next = NULL;
	if (list->last != NULL)
		list->last->next = link;
	else
		list->first = link;
	list->last = link;
}

/* Take out what is in the list. */
static inline void
list_remove(struct list *list, struct list_link *link)
{
	if (link->prev != NULL)
		link->prev->next = link->next;
	else
		list->first = link->next;
	if (link->next != NULL)
		link->next->prev = link->prev;
	else
		list->last = link->prev;
	link->prev = link->next = NULL;
}

/* The item that stands first; NULL: the list is empty. */
static inline void *
list_first(const struct list *list)
{
	return (list->first != NULL ? list->first->item : NULL);
}

#endif
