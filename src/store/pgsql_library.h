#ifndef PGSQL_LIBRARY_H
#define PGSQL_LIBRARY_H

#include <libpq-fe.h>

/*
 * What is called of libpq (PostgreSQL's manual, chapter "libpq"), by its names
 * without their PQ.
 *
 * CALL(what comes back, name, (parameters))
 */
#define PGSQL_CALLS(CALL) \
	CALL(void, clear, (PGresult *)) \
	CALL(char *, cmdStatus, (PGresult *)) \
	CALL(char *, cmdTuples, (PGresult *)) \
	CALL(PQconninfoOption *, conndefaults, (void)) \
	CALL(PGconn *, connectdbParams, (const char *const *, \
	    const char *const *, int)) \
	CALL(void, conninfoFree, (PQconninfoOption *)) \
	CALL(PQconninfoOption *, conninfoParse, (const char *, char **)) \
	CALL(int, consumeInput, (PGconn *)) \
	CALL(int, enterPipelineMode, (PGconn *)) \
	CALL(char *, errorMessage, (const PGconn *)) \
	CALL(int, exitPipelineMode, (PGconn *)) \
	CALL(void, finish, (PGconn *)) \
	CALL(int, flush, (PGconn *)) \
	CALL(void, freemem, (void *)) \
	CALL(PGresult *, getResult, (PGconn *)) \
	CALL(int, getisnull, (const PGresult *, int, int)) \
	CALL(int, getlength, (const PGresult *, int, int)) \
	CALL(char *, getvalue, (const PGresult *, int, int)) \
	CALL(int, isBusy, (PGconn *)) \
	CALL(int, ntuples, (const PGresult *)) \
	CALL(int, pipelineSync, (PGconn *)) \
	CALL(char *, resultErrorField, (const PGresult *, int)) \
	CALL(ExecStatusType, resultStatus, (const PGresult *)) \
	CALL(int, sendPrepare, (PGconn *, const char *, const char *, int, \
	    const Oid *)) \
	CALL(int, sendQuery, (PGconn *, const char *)) \
	CALL(int, sendQueryParams, (PGconn *, const char *, int, \
	    const Oid *, const char *const *, const int *, const int *, \
	    int)) \
	CALL(int, sendQueryPrepared, (PGconn *, const char *, int, \
	    const char *const *, const int *, const int *, int)) \
	CALL(PGVerbosity, setErrorVerbosity, (PGconn *, PGVerbosity)) \
	CALL(PQnoticeReceiver, setNoticeReceiver, (PGconn *, \
	    PQnoticeReceiver, void *)) \
	CALL(int, setnonblocking, (PGconn *, int)) \
	CALL(int, socket, (const PGconn *)) \
	CALL(ConnStatusType, status, (const PGconn *))

#define PGSQL_MEMBER(type, name, parameters) type (*name) parameters;

struct pgsql_library {
	PGSQL_CALLS(PGSQL_MEMBER)
};

/*
 * The library, loaded when it is first asked for; NULL where that cannot be,
 * which is logged. From then on the process has none of the variables that
 * would tell the library where to connect to. Any thread.
 */
const struct pgsql_library *pgsql_library(void);

#endif
