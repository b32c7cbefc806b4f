#!/usr/bin/perl
# What bash offers behind strongroom and strongroom.fcgi: each command and
# option that there is, files where a file is meant, ids where an id is.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

my $house = house();
my $src = Strongroom::source();
my $strongroom = program('strongroom');

# The offers behind these words, the last of which is under the cursor.
sub offers {
	my (@words) = @_;
	my $function = $words[0] =~ /fcgi/ ? '_strongroom_fcgi' : '_strongroom';
	my $done = run(cmd => ['bash', '--norc', '-c',
	    'source "$0" && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && '
	    . "$function && printf '%s\\n' \"\${COMPREPLY[\@]}\"",
	    "$src/completions/strongroom.bash", @words],
	    env => Strongroom::clean_env(LC_ALL => 'C.UTF-8'));
	diag($done->{err}) if length $done->{err};
	return join ' ', sort split ' ', $done->{out};
}

sub offers_are {
	my ($words, $is, $name) = @_;
	is(offers(@$words), $is, $name);
}

# Nothing that the programs know is left out.
my $admin = slurp("$src/src/main_admin.c");
my %verb;
while ($admin =~ /^\t\{ "([\w-]+)", (?:"([\w-]+)"|NULL), ([A-Z_| ]+)/mg) {
	$verb{$1}{ $2 // '' } = $3;
}
cmp_ok(scalar keys %verb, '>', 3, 'there are commands');
for my $verb (sort keys %verb) {
	like(offers('strongroom', ''), qr/(?:^| )\Q$verb\E(?: |$)/,
	    "$verb is offered");
	for my $object (grep { length } sort keys %{ $verb{$verb} }) {
		like(offers('strongroom', $verb, ''),
		    qr/(?:^| )\Q$object\E(?: |$)/, "$verb $object is offered");
	}
}

# Each command has the options that it takes, by the tables that it is read by.
my %takes;
my $args = slurp("$src/src/admin/admin_args.c");
while ($args =~ /^\t\{ "([\w-]+)", (TAKES_\w+),/mg) {
	push @{ $takes{$2} }, "--$1";
}
cmp_ok(scalar keys %takes, '>', 10, 'there are options');
my ($key) = slurp("$src/src/admin/admin_args.h")
    =~ /TAKES_KEY = ([A-Z_| ]+),/ or die 'no TAKES_KEY';
for my $verb (sort keys %verb) {
	for my $object (sort keys %{ $verb{$verb} }) {
		my @bits = split / \| /, $verb{$verb}{$object}
		    =~ s/\bTAKES_KEY\b/$key/r;
		my @words = ('strongroom', $verb, length $object ? $object : ());
		offers_are([@words, '-'], join(' ', sort qw(--config --help
		    --json --version), map { @{ $takes{$_} // [] } } @bits),
		    "@words: its options, and no others");
	}
}
for my $option (slurp("$src/src/main_worker.c")
    =~ /^\t\t\{ "([\w-]+)", (?:no|required)_argument/mg) {
	like(offers('strongroom.fcgi', ''), qr/--\Q$option\E(?: |$)/,
	    "strongroom.fcgi --$option is offered");
}

offers_are(['strongroom', 'in'], 'init integration', 'a beginning');
offers_are(['strongroom', 'master-key', ''], 'retire rotate status',
    'master-key');
offers_are(['strongroom', 'key', 're'], 'revoke', 'key re');
offers_are(['strongroom', '--json', 'integration', 's'], 'show',
    'options before the words do not count');
offers_are(['strongroom', '--config', '/x', 'key', 'c'], 'create',
    'nor do their values');
offers_are(['strongroom', '--config', '=', '/x', 'key', 'c'], 'create',
    'nor those behind =');
like(offers('strongroom', 'key', 'create', '-'), qr/--expires .*--user/,
    'key create has options of its own');
unlike(offers('strongroom', 'key', 'list', '-'), qr/--user/,
    'which key list has not');
offers_are(['strongroom', 'key', 'create', '--user', ''], '',
    'no guess at a user');
offers_are(['strongroom', 'check', ''], '', 'nothing behind check');

my $dir = "$house->{dir}/with space";
mkdir $dir or die $!;
spew("$dir/strongroom.conf", slurp($house->{conf}));
is(offers('strongroom', '--config', "$dir/str"),
    join(' ', sort split ' ', "$dir/strongroom.conf"), 'files for --config');
is(offers('strongroom', '--config', '=', "$dir/str"),
    join(' ', sort split ' ', "$dir/strongroom.conf"), 'and for --config=');
for my $verb (qw(backup restore)) {
	is(offers('strongroom', $verb, "$dir/str"),
	    join(' ', sort split ' ', "$dir/strongroom.conf"),
	    "files for $verb");
}
like(offers('strongroom.fcgi', '--socket-group', ''), qr/\broot\b/,
    'groups for --socket-group');

# Ids, as the command knows them.
my $id = $house->public_id($house->key);
offers_are([$strongroom, '--config', $house->{conf}, 'key', 'revoke', ''], $id,
    'key revoke: the keys there are');
$house->worker;
my $saved = saved_ok($house->fcgi(json => { name => 'n',
    integration_type => 'jira' }));
offers_are([$strongroom, '--config', $house->{conf}, 'integration', 'reveal',
    substr $saved->{integration_id}, 0, 4], $saved->{integration_id},
    'integration reveal: the integrations there are');
SKIP: {
	skip 'there is no "strongroom master-key" yet', 1
	    if !exists $verb{'master-key'};
	my ($old) = @{ Strongroom::Json::decode($house->admin_ok('master-key',
	    'status', '--json')) };
	offers_are([$strongroom, '--config', $house->{conf}, 'master-key',
	    'retire', ''], $old->{key_id}, 'master-key retire: the keys there are');
}
offers_are([$strongroom, '--config', '/nonexistent', 'key', 'revoke', ''], '',
    'none, and no word, where there is no database');

finish();
