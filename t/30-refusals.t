#!/usr/bin/perl
# The worker refuses to start: each reason, its exit code and its one line;
# under CGI a refusal is an answer. DOCUMENT_ROOT may not hold the secrets.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

my $internal = qr/\A\{"success":false,"data":null,"error":"Failed to save integration: (?:Database connection failed|Internal error)"\}\z/;

# Start the worker by hand: exit code, one line on stderr that matches.
sub refused {
	my ($house, $exit, $line, $name, %o) = @_;
	my $sock = "$house->{dir}/refused.sock";
	my $ran = run(cmd => [program('strongroom.fcgi'), $o{args}
	    ? @{ $o{args} } : ('--config', $house->{conf}, '--socket', $sock)],
	    env => Strongroom::clean_env(%{ $o{env} // {} }),
	    seconds => 20 * slow());
	is($ran->{exit}, $exit, "$name: exit $exit") || diag($ran->{err});
	like($ran->{err}, qr/\A[^\n]+\n\z/, "$name: one line");
	like($ran->{err}, $line, "$name: the line says what") if $line;
	is($ran->{out}, '', "$name: nothing on stdout");
	ok(!-e $sock, "$name: no socket is left") if !$o{args};
	return $ran if $o{args} || $o{no_cgi};
	my $answer = $house->cgi(json => { name => 'n',
	    integration_type => 'jira' }, key => 'x', env => $o{env});
	is($answer->{status}, 500, "$name: 500 under CGI")
	    || diag("$answer->{out}$answer->{err}");
	like($answer->{body}, $internal, "$name: the envelope under CGI");
	is($answer->{headers}{'content-type'}, 'application/json',
	    "$name: JSON under CGI");
	is($answer->{headers}{'cache-control'}, 'no-store',
	    "$name: Cache-Control under CGI");
	return $ran;
}

sub with_house { my ($code) = @_; my $h = house(); $code->($h); return $h }

my $good = house();

# The key file.
with_house(sub {
	unlink $_[0]{master_key} or die $!;
	refused($_[0], 77, qr/master\.key/, 'no key file');
	ok(!-e $_[0]{master_key}, 'and none is invented');
});
for my $mode (0640, 0604, 0644, 0620, 0666) {
	with_house(sub {
		chmod $mode, $_[0]{master_key};
		refused($_[0], 77, qr/master\.key/,
		    sprintf 'key file of mode %04o', $mode);
	});
}
with_house(sub {
	rename $_[0]{master_key}, "$_[0]{master_key}.real" or die $!;
	symlink "$_[0]{master_key}.real", $_[0]{master_key} or die $!;
	refused($_[0], 77, qr/master\.key/, 'key file that is a symlink');
});
with_house(sub {
	unlink $_[0]{master_key} or die $!;
	mkdir $_[0]{master_key}, 0700 or die $!;
	refused($_[0], 77, qr/master\.key/, 'key file that is a directory');
});
SKIP: {
	skip 'only root can give files away', 9 if $> != 0;
	with_house(sub {
		chown 65534, 65534, $_[0]{master_key} or die $!;
		refused($_[0], 77, qr/master\.key/, 'key file of another owner');
	});
}
my $bytes = slurp($good->{master_key});
my %content = (empty => '', 'a byte less' => substr($bytes, 0, -1),
    'a byte more' => "${bytes}x", 'half of it' => substr($bytes, 0,
    length($bytes) / 2), 'zeros' => "\0" x length $bytes,
    'another first byte' => chr(1 ^ ord $bytes) . substr($bytes, 1),
    'a megabyte' => 'x' x 1_048_576);
for my $what (sort keys %content) {
	with_house(sub {
		spew($_[0]{master_key}, $content{$what}, 0600);
		refused($_[0], 77, qr/master\.key/, "key file: $what");
	});
}
with_house(sub {
	spew($_[0]{master_key}, $bytes, 0600);
	refused($_[0], 65, qr/key/i, 'the key of another database');
});

# The database.
with_house(sub {
	$_[0]->tamper('PRAGMA user_version = 9999');
	refused($_[0], 65, qr/schema|version/i, 'a schema from the future');
});
with_house(sub {
	unlink $_[0]{database} or die $!;
	unlink "$_[0]{database}-wal", "$_[0]{database}-shm";
	refused($_[0], 66, qr/strongroom\.db/, 'no database');
	ok(!-e $_[0]{database}, 'and none is made');
});
with_house(sub {
	unlink $_[0]{database} or die $!;
	mkdir $_[0]{database} or die $!;
	refused($_[0], 66, qr/strongroom\.db/, 'a database that is a directory');
});
with_house(sub {
	unlink map { "$_[0]{database}-$_" } qw(wal shm);
	spew($_[0]{database}, 'this is no database' x 1000);
	refused($_[0], 66, qr/strongroom\.db/, 'a database that is none');
});

# The configuration.
my %bad_conf = ('an unknown key' => 'colour = "blue"',
    'a number that is none' => 'max_requests = "many"',
    'no requests' => 'max_requests = 0',
    'requests below zero' => 'max_requests = -4',
    'too many requests' => 'max_requests = 99999999999',
    'an unknown level' => 'log_level = "loud"',
    'an unknown format' => 'log_format = "xml"',
    'an unknown journal' => 'journal_mode = "memory"',
    'a body limit below zero' => 'max_body = -1',
    'a half line' => 'max_requests =', 'an open string' => 'database = "x',
    'no syntax at all' => '!!! ???');
for my $what (sort keys %bad_conf) {
	my $file = spew("$good->{dir}/bad.conf",
	    slurp($good->{conf}) . "$bad_conf{$what}\n");
	my $ran = refused($good, 78, qr/\S/, $what, args => ['--config', $file,
	    '--socket', "$good->{dir}/refused.sock"]);
	like($ran->{err}, qr/bad\.conf:\d+/, "$what: file and line")
	    if $what !~ /open string/;
	my $answer = $good->cgi(args => ["--config=$file", '/x/save.cgi'],
	    json => {});
	is($answer->{status}, 500, "$what: 500 under CGI");
	like($answer->{body}, $internal, "$what: the envelope under CGI");
}
refused($good, 78, qr{none\.conf}, 'no configuration file',
    args => ['--config', "$good->{dir}/none.conf", '--socket',
    "$good->{dir}/refused.sock"]);
for my $bad ([MAX_REQUESTS => 'abc'], [MAX_REQUESTS => '4x'],
    [MAX_CONNECTIONS => '0'], [LOG_LEVEL => 'loud'], [MAX_BODY => '-5'],
    [IO_TIMEOUT_MS => '1e3'], [JOURNAL_MODE => 'off']) {
	my ($key, $value) = @$bad;
	refused($good, 78, qr/STRONGROOM_$key|\L$key/,
	    "STRONGROOM_$key='$value'", env => { "STRONGROOM_$key" => $value });
}
refused($good, 66, qr/elsewhere/, 'the environment wins over the file',
    env => { STRONGROOM_DATABASE => "$good->{dir}/elsewhere.db" });

# Usage, and the socket.
my $sock = "$good->{dir}/refused.sock";
my @conf = ('--config', $good->{conf});
refused($good, 2, qr/nonsense/, 'an unknown option',
    args => [@conf, '--nonsense', '--socket', $sock]);
refused($good, 2, undef, 'an option without its value',
    args => [@conf, '--socket']);
refused($good, 2, undef, 'neither socket nor CGI', args => \@conf);
refused($good, 71, qr/x\.sock/, 'a socket where no directory is',
    args => [@conf, '--socket', "$good->{dir}/none/x.sock"]);
my $file = spew("$good->{dir}/file.sock", 'precious');
refused($good, 71, qr/file\.sock/, 'a file where the socket should be',
    args => [@conf, '--socket', $file]);
is(slurp($file), 'precious', 'which is left alone');
refused($good, 71, undef, 'a group that does not exist', args => [@conf,
    '--socket', $sock, '--socket-group', 'no-such-group-here']);
for my $option (qw(--version --help)) {
	my $ran = run(cmd => [program('strongroom.fcgi'), $option],
	    env => Strongroom::clean_env());
	is($ran->{exit}, 0, "$option: exit 0");
	like($ran->{out}, qr/strongroom/, "$option: on stdout");
}

# DOCUMENT_ROOT.
$good->worker;
is((stat $good->{worker}{socket})[2] & 07777, 0660, 'the socket is 0660');
symlink "$good->{dir}/data", "$good->{dir}/link" or die $!;
mkdir "$good->{dir}/dat" or die $!;
my $body = '{"name":"n","integration_type":"jira"}';
for my $door (qw(fcgi cgi)) {
	for my $root ('/', $good->{dir}, "$good->{dir}/", "$good->{dir}/data",
	    "$good->{dir}/keys", "$good->{dir}/www/..", "$good->{dir}/link") {
		my $answer = $good->$door(body => $body,
		    params => { DOCUMENT_ROOT => $root });
		my $shown = $root =~ s/\Q$good->{top}\E//r;
		error_is($answer, 500, 'Internal error',
		    "DOCUMENT_ROOT $shown holds our files ($door)");
		my $says = qr/DOCUMENT_ROOT|document root/i;
		ok(exists $answer->{err} ? $answer->{err} =~ $says
		    : $good->log_says($says), "and the log says so ($door)");
	}
	for my $root ("$good->{dir}/www", "$good->{dir}/dat", '/nonexistent',
	    '', undef) {
		my $shown = ($root // 'absent') =~ s/\Q$good->{top}\E//r;
		saved_ok($good->$door(body => $body,
		    params => { DOCUMENT_ROOT => $root }),
		    "DOCUMENT_ROOT '$shown' is fine ($door)");
	}
}
is(scalar @{ $good->integrations }, 10, 'and nothing else was saved');

# What a refusal leaves behind: nothing.
with_house(sub {
	unlink glob "'$_[0]{database}'*";
	refused($_[0], 66, qr/strongroom\.db/, 'a database that is missing');
	is(join(' ', glob "'$_[0]{database}'*"), '', 'leaves no lock file');
});
refused($good, 71, qr/no-such-group/, 'an unknown group',
    args => [@conf, '--socket', $sock, '--socket-group', 'no-such-group']);
ok(!-e $sock, 'leaves no socket');

finish();
