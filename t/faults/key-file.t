#!/usr/bin/perl
# A key file that is missing, open to others, another user's, a link, cut,
# damaged or another service's: the worker, CGI and the command line refuse it,
# each with its own exit code and one line, and nothing is written.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Proc qw(run);

alarm(300);
my $house = house();
my $key = $house->key;
my $file = $house->{master_key};
my $bytes = slurp($file);
$house->cgi(body => with_auth('{"access_token":"t"}'));
my ($id) = map { $_->{integration_id} } @{ $house->integrations };
my $NOBODY = 65534;

# What may not change: the rows, and the key file where there is one.
sub state_of {
	my ($rows) = map { $_->{n} } $house->rows(
	    "SELECT (SELECT count(*) FROM integrations) || ' ' || "
	    . "(SELECT count(*) FROM api_keys) || ' ' || "
	    . '(SELECT count(*) FROM master_keys) AS n');
	my @st = lstat $file;
	return "$rows; " . (@st ? "@st[2, 4, 7]" . (-f $file
	    ? unpack '%32C*', slurp($file) : '') : 'missing');
}

# Back to the file as it was.
sub put_back {
	-d $file && !-l $file ? rmdir $file : unlink $file;
	unlink "$file.real";
	spew($file, $bytes, 0600);
}

sub with_bytes { my ($new) = @_; sub { spew($file, $new, 0600) } }

my $other = house();
my $foreign = slurp($other->{master_key});
my $flip = sub {
	my ($at) = @_;
	my $new = $bytes;
	substr($new, $at, 1) = chr(ord(substr $new, $at, 1) ^ 1 << int rand 8);
	return $new;
};

# What is done to it, and the exit codes of the worker and the command line.
my @cases = (
	['missing' => 77, sub { unlink $file }],
	map({ my $mode = $_;
	    [sprintf('of mode %04o', $mode) => 77, sub { chmod $mode, $file }]
	    } 0601, 0604, 0610, 0640, 0644, 0660, 0666, 0777),
	['a link' => 77, sub {
		rename $file, "$file.real";
		symlink "$file.real", $file;
	}],
	['a link to nothing' => 77, sub {
		unlink $file;
		symlink "$file.none", $file;
	}],
	['a directory' => 77, sub { unlink $file; mkdir $file, 0700 }],
	['a pipe' => 77, sub { unlink $file; system 'mkfifo', '-m', '600', $file }],
	map({ my $n = $_;
	    ["cut to $n bytes" => 77, with_bytes(substr $bytes, 0, $n)]
	    } 0, 1, 16, 48, 52, 84, length($bytes) - 1),
	['a byte longer' => 77, with_bytes("${bytes}x")],
	['36 bytes longer' => 77, with_bytes($bytes . 'x' x 36)],
	['text' => 77, with_bytes("a password\n" x 10)],
	map({ my $at = $_;
	    ["damaged at byte $at" => 77, with_bytes($flip->($at))]
	    } full() ? 0 .. length($bytes) - 1
	    : (0, 15, 16, 47, 48, 51, 52, 83, 84, length($bytes) - 1)),
	['of another service' => 65, with_bytes($foreign)],
);
push @cases, ['another user\'s' => 77, sub { chown $NOBODY, -1, $file }]
    if $> == 0;

my ($runs, $bad) = (0, 0);

sub refused {
	my ($ran, $exit, $name) = @_;
	$runs++;
	my $good = $ran->{exit} =~ /\A(?:$exit)\z/;
	like($ran->{exit}, qr/\A(?:$exit)\z/, "$name: exit $exit")
	    || diag($ran->{err});
	my @lines = split /\n/, $ran->{err};
	like($lines[0] // '', qr/key file \Q$file\E /, "$name: the line says it");
	is($ran->{out}, '', "$name: nothing on stdout") if !exists $ran->{status};
	unlike("$ran->{out}$ran->{err}", qr/\Q$key/, "$name: and no key");
	$bad++ if !$good;
}

sub start_worker {
	return run(cmd => [program('strongroom.fcgi'), '--config',
	    $house->{conf}, '--socket', "$house->{dir}/s.sock"],
	    env => Strongroom::clean_env(), seconds => 20);
}

for my $case (@cases) {
	my ($name, $exit, $break) = @$case;
	put_back();
	$break->();
	my $before = state_of();
	refused(start_worker(), $exit, "key file $name: the worker");
	my $cgi = $house->cgi(body => with_auth('{"access_token":"x"}'));
	refused($cgi, $exit, "key file $name: CGI");
	is($cgi->{status}, 500, 'and it answers 500');
	is($cgi->{body}, '{"success":false,"data":null,"error":"Failed to '
	    . 'save integration: Internal error"}', 'in the envelope');
	for my $command (['key', 'create', '--user', 'u'], ['check'],
	    ['integration', 'reveal', $id]) {
		refused($house->admin(@$command), $exit,
		    "key file $name: strongroom @$command[0 .. 0]");
	}
	is(state_of(), $before, "key file $name: nothing was written");
}

# Who may not read it is told so; as root one may read all.
SKIP: {
	skip 'only root can become another', 1 if $> != 0;
	my $theirs = house(conf => {});
	$theirs->key;
	chmod 0755, $theirs->{top}, $theirs->{dir};
	my $dir = $theirs->{master_key} =~ s{/[^/]+\z}{}r;
	system 'chown', '-R', $NOBODY, $theirs->{database} =~ s{/[^/]+\z}{}r;
	chmod 0644, $theirs->{conf};
	# Its directory is closed to the user that the worker runs as.
	chown 0, 0, $dir;
	chmod 0700, $dir;
	my $program = "$theirs->{dir}/strongroom.fcgi";
	system 'cp', program('strongroom.fcgi'), $program;
	my $ran = run(cmd => ['setpriv', '--reuid', $NOBODY, '--regid',
	    $NOBODY, '--clear-groups', $program, '--config',
	    $theirs->{conf}, '--socket', "$theirs->{dir}/s.sock"],
	    env => Strongroom::clean_env(), seconds => 20);
	is($ran->{exit}, 77, 'key file that cannot be read: exit 77');
	like($ran->{err}, qr/key file .*Permission denied/, 'and why');
	$runs++;
}

figure("$runs starts with " . @cases . " broken key files: $bad not refused, "
    . 'nothing written (0)');

# The control: the same starts, with the good file.
put_back();
my $worker = $house->worker;
saved_ok($house->fcgi(body => with_auth('{"access_token":"x"}')),
    'with the good file a worker saves');
saved_ok($house->cgi(body => with_auth('{"access_token":"x"}')), 'and CGI');
is($house->admin('check')->{exit}, 0, 'and the command line finds all well');
my $changed = state_of();
$house->admin_ok(qw(key create --user u));
isnt(state_of(), $changed, 'a row that is written would be seen');
control('with the good file all start, and what they write is seen');
finish();
