#!/usr/bin/perl
# Who may include, call and end what: the wings of src/, by grep.

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Find qw(find);
use Test::More;

my $src = abs_path($ENV{SR_SRC} // dirname(abs_path(__FILE__)) . '/..')
    . '/src';

# The wings from the ground up; each may include from itself and from those
# before it. What stands in src/ itself are the programs, which may all. The
# gateway and the command line stand side by side.
my @wings = qw(ground secrets store body service gateway admin);
my %level = map { $wings[$_] => $_ } 0 .. $#wings;
my %beside = (admin => { gateway => 1 });

# By the path below src/.
my (%text, %code);
find({ no_chdir => 1, wanted => sub {
	return if !/\.[ch]\z/;
	open my $fh, '<', $_ or die "$_: $!";
	local $/;
	$text{ substr $_, length "$src/" } = readline $fh;
} }, $src);
cmp_ok(scalar keys %text, '>', 100, 'the sources are there');
my @strays = grep { !m{\A(?:main_\w+\.c|(\w+)/\w+\.[ch])\z} ||
    (defined $1 && !defined $level{$1}) } sort keys %text;
is("@strays", '', 'every file but the programs stands in a wing');

sub code_of {
	my ($text) = @_;
	$text =~ s{"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(/\*.*?\*/|//[^\n]*)}
	    {defined $1 ? ' ' : $& =~ /\A"/ ? '""' : "' '"}gse;
	return $text;
}

$code{$_} = code_of($text{$_}) for keys %text;

sub includes {
	my ($file) = @_;
	return $text{$file} =~ /^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]/mg;
}

# What is wrong with a file's includes of our own headers, line by line.
sub wrong_includes {
	my ($file, $text) = @_;
	my ($wing) = $file =~ m{\A(\w+)/};
	my @wrong;
	for my $header ($text =~ /^[ \t]*#[ \t]*include[ \t]*"([^"]+)"/mg) {
		next if $header eq 'config.h';
		my ($of) = $header =~ m{\A(\w+)/\w+\.h\z};
		if (!defined $of || !defined $level{$of}) {
			push @wrong, "$file: $header has no wing";
		} elsif (defined $wing && ($level{$of} > $level{$wing}
		    || $beside{$wing}{$of})) {
			push @wrong, "$file: $header stands above it";
		}
	}
	return @wrong;
}

is(join("\n", map { wrong_includes($_, $text{$_}) } sort keys %text), '',
    'every include names its wing and points down');
for my $case (['body/json.c', 'store/db.h', 0], ['store/db.c', 'body/json.h', 1],
    ['ground/log.c', 'secrets/vault.h', 1], ['admin/admin.c', 'json.h', 1],
    ['admin/admin.c', 'gateway/loop.h', 1], ['gateway/loop.c',
    'admin/admin.h', 1], ['main_worker.c', 'gateway/loop.h', 0]) {
	my ($file, $header, $wrong) = @$case;
	is(scalar(wrong_includes($file, "#include \"$header\"\n")), $wrong,
	    "$file " . ($wrong ? 'could not' : 'may') . " include $header");
}

# Only files whose paths match may include a header that matches.
sub only {
	my ($header, $who, $name) = @_;
	my @others = grep {
		my $file = $_;
		$file !~ $who && grep { $_ =~ $header } includes($file);
	} sort keys %text;
	is("@others", '', $name);
}

only(qr/\b(?:fcgiapp|fcgi_stdio|fcgios)\.h\z/, qr/\A\z/,
    'nobody speaks to libfcgi');
only(qr/\bfastcgi\.h\z/, qr{\Agateway/fcgi(?:_out)?\.c\z},
    'only fcgi and fcgi_out name the numbers of the protocol');
only(qr/\bsqlite3\.h\z/, qr{\Astore/sqlite(?:_walfile\.c|\.h)\z},
    'only its driver speaks to SQLite');
only(qr{\bstore/sqlite(?:_\w+)?\.h\z}, qr{\Astore/sqlite(?:_\w+)?\.[ch]\z},
    'only its driver shares what the driver of SQLite shares');
only(qr/\blibpq-fe\.h\z/, qr{\Astore/pgsql_library\.h\z},
    'only its driver speaks to libpq');
only(qr{\bstore/pgsql(?:_\w+)?\.h\z}, qr{\Astore/pgsql(?:_\w+)?\.[ch]\z},
    'only its driver shares what the driver of PostgreSQL shares');
only(qr/\bsodium(?:\.h\z|\/)/,
    qr{\Asecrets/(?:secret|keyfile|keyring|vault|apikey|parcel|recipient|sealed|chain|digest|print)\.c\z},
    'only the modules for secrets speak to libsodium');
only(qr/\bjson(?:-c\/|_object|_token|_util|_visit)/,
    qr{\Aadmin/admin_json\.c\z}, 'only admin_json.c speaks to json-c');
only(qr/\bconfuse\.h\z/, qr{\Aground/conf\.c\z},
    'only conf.c speaks to libconfuse');

only(qr/\b(?:seccomp|landlock)\.h\z/, qr{\Aground/sandbox\.c\z},
    'only sandbox.c speaks to libseccomp and Landlock');

my $third = qr/\b(?:fcgiapp|fcgi_stdio|fcgios|fastcgi|sqlite3|libpq-fe|sodium|confuse|seccomp)\.h\z|\bjson-c\/|\bsodium\//;
only($third, qr/\.c\z|store\/(?:sqlite|pgsql_library)\.h\z/, 'no header of ours includes a third-party one');

sub only_calls {
	my ($call, $who, $name) = @_;
	my @others;
	for my $file (sort keys %code) {
		next if $file =~ $who;
		while ($code{$file} =~ /$call/g) {
			my $line = 1 + (substr($code{$file}, 0, $-[0]) =~ tr/\n//);
			push @others, "$file:$line: $&";
		}
	}
	is(join("\n", @others), '', $name);
}

only_calls(qr/\b(?:secure_)?getenv\s*\(|\benviron\b/,
    qr{\A(?:ground/conf|gateway/gw_cgi|main_\w+)\.c\z},
    'only conf, gw_cgi and main_* read the environment');
only_calls(qr/\b(?:_exit|_Exit|exit|quick_exit|abort)\s*\(/,
    qr/\Amain_\w+\.c\z/, 'only main_* ends the process');
only_calls(qr/\b(?:strcpy|strncpy|stpcpy|strcat|strncat|v?sprintf|gets)\s*\(/,
    qr/\A\z/, 'no copy without a bound');
only_calls(qr/\b(?:system|popen|exec[lv]p?e?)\s*\(/, qr/\A\z/,
    'no shell, no other program');
only_calls(qr/\b(?:rand|random|srand|drand48)\s*\(/, qr/\A\z/,
    'no guessable random numbers');
only_calls(qr/\bcrypto_\w*aead\w*\s*\(/, qr{\Asecrets/vault\.c\z},
    'only vault.c calls the cipher');
only_calls(qr/\bFCGX_\w+/, qr/\A\z/,
    'nobody names libfcgi');
only_calls(qr/\bsqlite3_?\w*\s*\(/, qr{\Astore/sqlite(?:_\w+)?\.c\z},
    'only the driver of SQLite calls SQLite');

# A back end is a folder's worth of files that nobody else names, and neither
# does anybody else name the files of its databases.
my $back_end = qr{\Astore/(?:db\w*|dbfile|lockfile|pgsql\w*|rows|sqlite\w*)\.h\z};
only($back_end, qr{\Astore/}, 'only the store includes a back end');
my $names = qr/"(?:[^"\\\n]|\\.)*(?:-(?:wal|shm|journal)\b|\.lock\b)/;
my @namers = grep { !m{\Astore/} && $text{$_} =~ $names } sort keys %text;
is("@namers", '', 'only the store names the files of a database');

# A request has an owner, and sees nothing but his.
only_calls(qr/\bstore_operator_\w+\s*\(/, qr{\A(?:store|admin)/},
    'only the command line looks across owners');

only_calls(qr/\bstore_backfill_\w+\s*\(/,
    qr{\A(?:store/|body/backfill\.c\z)},
    'only the pass of a migration reads what all users have sealed');
only_calls(qr/\bbackfill_read\s*\(/,
    qr{\A(?:body/backfill|service/pass|admin/admin_backfill)\.[ch]\z},
    'which serves nobody');

# Line splicing would hide a whole include from the grep above.
my @spliced = grep { $text{$_} =~ /^[ \t]*#[ \t]*(?:include)?[ \t]*\\$/m }
    sort keys %text;
is("@spliced", '', 'no include is spread over two lines');

done_testing();
