#!/usr/bin/perl
# CGI: one process a request, from the environment and under apache's
# mod_cgid; what a stranger's query puts on the command line is no option.

use strict;
use warnings;
use File::Copy qw(copy);
use IO::Handle;
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::FastCGI qw(parse_cgi);
use Strongroom::Http qw(http_request);
use Strongroom::Json qw(decode);
use Strongroom::Life qw(life_passes);
use Strongroom::Proc qw(run start stop running pause launch);

my $bad_request = '{"detail":"Bad Request"}';
my $body = '{"name":"n","integration_type":"jira","auth_data":{"access_token":"t"}}';

my $house = house();
my $data = saved_ok(my $answer = $house->cgi(body => $body), 'saved by CGI');
is($answer->{exit}, 0, 'exit 0');
like($answer->{out}, qr/\A(?:[!-~]+: [ -~]+\r?\n)+\r?\n\{/,
    'headers, an empty line, the body');
like($answer->{out}, qr/^Status: 200\b/m, 'with a Status');
is($house->reveal($data->{integration_id}), '{"access_token":"t"}',
    'and the box opens');
answer_is($house->cgi(method => 'GET', path => '/healthz', key => undef,
    body => '', type => undef, length => undef), 200, '{"status":"ok"}',
    '/healthz by CGI');
$answer = $house->cgi(method => 'GET', key => undef);
answer_is($answer, 405, '{"detail":"Method Not Allowed"}', '405 by CGI');
is($answer->{headers}{allow}, 'POST', 'with Allow');
answer_is($house->cgi(body => $body, key => undef, params => {
	HTTP_X_API_KEY => $house->key . ', ' . $house->key }), 401,
	'{"detail":"Invalid API key"}', 'a repeated key, as Apache joins it');
saved_ok($house->cgi(body => $body, params => { SCRIPT_NAME => '/x.cgi',
	PATH_INFO => SAVE }), 'the path is PATH_INFO');
saved_ok($house->cgi(body => $body, args => [], env => {
	STRONGROOM_DATABASE => $house->{database},
	STRONGROOM_MASTER_KEY_FILE => $house->{master_key} }),
    'all of the configuration from the environment')
    if !-e '/etc/strongroom/strongroom.conf';

# An evil configuration: another database, with a key that the stranger has.
my $evil = house(name => 'evil');
my $rows = @{ $house->integrations };
sub query_is_refused {
	my ($argument, $send) = @_;
	my $answer = $send->($argument);
	answer_is($answer, 400, $bad_request, "query $argument is refused");
	unlike($answer->{body}, qr/usage|strongroom/i, 'and says nothing more');
}
my @evil = ("--config=$evil->{conf}", '--version', '--help', '-h', '--',
    "--socket=$evil->{dir}/evil.sock", 'x', '-', '--no-such-option');
sub escaped { $_[0] =~ s/([^A-Za-z0-9_.\/-])/sprintf '%%%02x', ord $1/ger }

for my $script ("$house->{dir}/www/save.cgi", undef) {
	for my $key ($evil->key, $house->key) {
		query_is_refused($_, sub {
			$house->cgi(body => $body, key => $key,
			    query => escaped($_[0]),
			    args => [defined $script
			    ? ("--config=$house->{conf}", $script) : (), $_[0]],
			    env => { STRONGROOM_DATABASE => $house->{database},
			    STRONGROOM_MASTER_KEY_FILE => $house->{master_key} });
		}) for @evil;
	}
}
query_is_refused('a query that is no argument', sub {
	$house->cgi(body => $body, query => 'search');
});
saved_ok($house->cgi(body => $body, query => 'a=b'), 'a query with = is none');
saved_ok($house->cgi(body => $body, query => "--config=$evil->{conf}"),
    'an option with = in the query is no argument');
is(scalar @{ $house->integrations }, $rows + 2, 'only those two were saved');
is(scalar @{ $evil->integrations }, 0, "the stranger's database has nothing");
ok(!-e "$evil->{dir}/evil.sock", "nor was the stranger's socket made");

# The same under apache: a script whose first line names the configuration,
# and the program itself, configured by SetEnv.
my $httpd = grep { -x "$_/apache2" } split /:/,
    '/usr/local/sbin:/usr/sbin:/usr/bin:/usr/local/bin';
SKIP: {
	skip 'there is no apache2', 1 if !$httpd;
	my $web = house(init => 0);
	skip 'the first line of a script can name no path with spaces', 1
	    if $web->{dir} =~ /\s/;
	my $user = $> == 0 ? 'www-data' : undef;
	my $cgi = "$web->{dir}/cgi-bin";
	mkdir $cgi or die $!;
	chmod 0755, $web->{top}, $web->{dir}, $cgi, "$web->{dir}/www";
	copy(program('strongroom.fcgi'), "$cgi/strongroom.fcgi") or die $!;
	spew("$cgi/save.cgi",
	    "#!$cgi/strongroom.fcgi --config=$web->{conf}\n", 0755);
	chmod 0755, "$cgi/strongroom.fcgi";
	if ($user) {
		my ($uid, $gid) = (getpwnam $user)[2, 3];
		for my $made (qw(data keys)) {
			mkdir "$web->{dir}/$made", 0700 or die $!;
			chown $uid, $gid, "$web->{dir}/$made" or die $!;
		}
		chmod 0777, "$web->{dir}/log";
	}
	$web->admin_ok('init');
	my $front = $web->apache(user => $user, lines => <<"CONF");
ScriptAlias "/direct/" "$cgi/strongroom.fcgi/"
<Location "/direct/">
	SetEnv STRONGROOM_DATABASE "$web->{database}"
	SetEnv STRONGROOM_MASTER_KEY_FILE "$web->{master_key}"
</Location>
ScriptAlias "/" "$cgi/save.cgi/"
CONF
	my $send = sub { $web->http(front => $front, @_) };
	for my $prefix ('', '/direct') {
		my $way = $prefix ? 'the program itself' : 'a script of one line';
		$data = saved_ok($send->(path => $prefix . SAVE, body => $body),
		    "$way under mod_cgid saves");
		is($web->reveal($data->{integration_id}),
		    '{"access_token":"t"}', 'and the box opens');
		answer_is($send->(path => "$prefix/healthz", method => 'GET',
		    key => undef), 200, '{"status":"ok"}', "$way: /healthz");
		answer_is($send->(path => $prefix . SAVE, body => $body,
		    headers => ['x-api-key' => $web->key]), 401,
		    '{"detail":"Invalid API key"}', "$way: the key twice");
		answer_is($send->(path => $prefix . SAVE, body => 'x' x 3_000_000),
		    413, '{"detail":"Request body too large"}',
		    "$way: 3 MiB are too large");
		answer_is($send->(path => $prefix . SAVE, body => 'x' x 900_000,
		    key => undef), 401, '{"detail":"API key is required"}',
		    "$way: a stranger's large body");
		$rows = @{ $web->integrations };
		query_is_refused($_, sub {
			$send->(path => $prefix . SAVE, body => $body,
			    key => $evil->key, query => escaped($_[0]));
		}) for @evil;
		query_is_refused($_, sub {
			$send->(path => $prefix . SAVE, body => $body,
			    query => escaped($_[0]));
		}) for @evil;
		saved_ok($send->(path => $prefix . SAVE, body => $body,
		    query => "--config=$evil->{conf}"), "$way: a query with =");
		is(scalar @{ $web->integrations }, $rows + 1,
		    'and nothing else was saved');
		saved_ok($send->(path => $prefix . SAVE, length => undef,
		    headers => ['Transfer-Encoding' => 'chunked'],
		    body => sprintf("%x\r\n%s\r\n0\r\n\r\n", length $body, $body)),
		    "$way: chunked, so without CONTENT_LENGTH");
	}
	is(scalar @{ $evil->integrations }, 0,
	    "the stranger's database still has nothing");
	rename $web->{master_key}, "$web->{master_key}.away" or die $!;
	for my $size (10, 900_000) {
		my $refused = $send->(body => 'x' x $size);
		error_is($refused, 500, 'Internal error',
		    "no key file, and a body of $size bytes");
	}
	rename "$web->{master_key}.away", $web->{master_key} or die $!;
	saved_ok($send->(body => $body), 'the key file is back');
	is($web->admin('check')->{exit}, 0, 'every box opens');
	if ($user) {
		my @wrong = grep { (stat)[4] != (getpwnam $user)[2] }
		    glob "'$web->{dir}/data'/*";
		is("@wrong", '', 'root leaves no file of its own among the data');
	}
}

# A long row of CGI requests keeps the write-ahead log short.
my $long = '{"name":"n","integration_type":"jira","unique_identifier":"big",'
    . '"auth_data":{"access_token":"' . 'x' x 900_000 . '"}}';
saved_ok($house->cgi(body => $long), "large save $_") for 1 .. 6;
cmp_ok(-s "$house->{database}-wal" // 0, '<', 4 * 1_048_576,
    'CGI checkpoints for itself');

# Options that print and end do so under CGI too.
for my $option (qw(--version --help)) {
	my $said = $house->cgi(args => [$option]);
	is($said->{exit}, 0, "$option: exit 0");
	like($said->{out}, qr/strongroom/, "$option: is answered");
}

# The kernel makes one word of a script's "--config FILE".
$answer = $house->cgi(args => ["--config $house->{conf}", '/x/save.cgi'],
    json => {});
error_is($answer, 500, 'Internal error', 'a first line of two words');
like($answer->{err}, qr/ error .*write --config=FILE/, 'gets its cure');

# A configuration that cannot be one is refused in JSON, not by a library.
for my $file ($house->{dir}, '/dev/null/none') {
	my $answer = $house->cgi(args => ["--config=$file", '/x/save.cgi'],
	    json => {});
	error_is($answer, 500, 'Internal error', "--config=$file");
	is($answer->{exit}, 78, 'exit 78');
}

# A server that dribbles, or does not read: io_timeout_ms is for all of it.
$house->write_conf(io_timeout_ms => 800);

# One request whose body comes as the code sends it, over its standard input;
# what was answered, and after how long it ended.
sub dribbled {
	my ($feed, %o) = @_;
	pipe my $from, my $to or die "pipe: $!";
	$to->autoflush(1);
	my $out = "$house->{dir}/dribbled" . ($o{name} // '');
	unlink $out;
	my %env = $house->fcgi_params_of(body => $body, %{ $o{request} // {} });
	my $begun = time;
	my $pid = start(cmd => [program('strongroom.fcgi'), @{ $o{args} //
	    ["--config=$house->{conf}", '/x.cgi'] }], stdin => $from,
	    stdout => $o{stdout} // $out, env => Strongroom::clean_env(%env));
	close $from;
	$feed->($to, sub {
		pause(0.05);
		return running($pid) && time - $begun < 20 * slow();
	});
	my $end = stop($pid, seconds => 20 * slow(), signal => 0);
	return ($o{stdout} ? undef : parse_cgi(slurp($out)), $end->{exit},
	    time - $begun);
}

my $bytes = sub {
	my ($to, $goes_on) = @_;
	syswrite $to, ' ' while $goes_on->();
};
# Where there is no configuration, it is ten seconds; the rest goes on.
my $refused = launch(1, sub {
	my ($answered, undef, $seconds) = dribbled($bytes, request => {
	    length => 100_000 }, args => ['--config=/none'], name => 'none');
	return ($answered->{status}, $seconds);
});
my ($answered, $exit, $seconds) = dribbled($bytes,
    request => { length => 100_000 });
is($answered->{status}, 400, 'a body of single bytes is cut off');
is($exit, 0, 'in order');
cmp_ok($seconds, '<', 8 * slow(), 'in time');
($answered, $exit, $seconds) = dribbled(sub {
	my ($to) = @_;
	syswrite $to, $body;
	$bytes->(@_);
});
is($answered->{status}, 400, 'and one that goes on behind its length');
cmp_ok($seconds, '<', 8 * slow(), 'in time');
($answered) = dribbled(sub {
	my ($to, $goes_on) = @_;
	for my $part (unpack '(a30)*', $body) {
		syswrite $to, $part;
		$goes_on->();
	}
	close $to;
});
saved_ok($answered, 'a body in pieces is taken');
pipe my $unread, my $filled or die "pipe: $!";
$filled->blocking(0);
1 while syswrite $filled, 'x' x 4096;
1 while syswrite $filled, 'x';
$filled->blocking(1);
(undef, $exit, $seconds) = dribbled(sub { close $_[0] }, stdout => $filled,
    request => { method => 'GET', path => '/healthz', length => undef });
is($exit, 0, 'a server that does not read its answer is not waited for');
cmp_ok($seconds, '<', 8 * slow(), 'longer than that');
my ($said) = $refused->();
is($said->[0], 500, 'a dribbled body that is refused anyway is cut off');
cmp_ok($said->[1], '<', 18 * slow(), 'in its time');

life_passes($house, sub { $house->cgi(@_) }, 'CGI');

finish();
